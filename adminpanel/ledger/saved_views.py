"""Views of the ledger that staff save, for themselves or for everyone on the panel.

They are settings, so they are not in the audit.
"""

from __future__ import annotations

from typing import NamedTuple

from django.db import transaction
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from adminpanel.models import SavedView
from wallet.errors import Refusal
from wallet.models import User
from wallet.staff import finding
from wallet.staff.roles import RIGHTS

VIEWS_AT_MOST = 30
SHARED_AT_MOST = 100
QUERY_LENGTH = SavedView._meta.get_field("query").max_length or 0
# The view without a name is its owner's layout, for URLs without a layout.
LAYOUT = ""


class NameTaken(Refusal):
    """Another view has this name, and its owner hasn't agreed to replace it."""

    code = "name_taken"
    sentence = _("You already have a view with this name. Replace it?")


@transaction.atomic
def save(*, owner_id: int, name: str, query: str, may_replace: bool = False) -> bool:
    """Save `query` under this name. True when it replaced an earlier view.

    Raises a Refusal when the query is empty or too long, or the person has too many views;
    NameTaken when another view has this name and `may_replace` is False.
    """
    query = hide_contacts(query)
    if not query:
        raise Refusal(_("Set a filter or choose columns first."))
    if len(query) > QUERY_LENGTH:
        raise Refusal(_("These filters are too long to save."))
    # Without this lock, two simultaneous saves could exceed the maximum.
    User.objects.select_for_update(no_key=True).get(pk=owner_id)
    mine = SavedView.objects.filter(owner=owner_id)
    earlier = mine.filter(name=name)
    if not may_replace and earlier.exclude(query=query).exists():
        raise NameTaken
    if earlier.update(query=query):
        return True
    if mine.exclude(name=LAYOUT).count() >= VIEWS_AT_MOST:
        raise Refusal(
            _("You have {most} saved views, the maximum. Delete one first."), most=VIEWS_AT_MOST
        )
    SavedView.objects.create(owner_id=owner_id, name=name, query=query)
    return False


def hide_contacts(query: str) -> str:
    """Replace a member's phone number or email by their id, and mask all others."""
    filters = QueryDict(query, mutable=True)
    text = filters.get("member", "")
    if finding.contact_in(text) and (person := User.objects.with_login(text)):
        filters["member"] = f"#{person.pk}"
    typed = {name: str(value) for name, value in filters.items()}
    for name, value in finding.mask_contacts(typed).items():
        if value != typed[name]:
            filters[name] = value
    return filters.urlencode()


def layout_of(owner_id: int) -> str:
    """The person's saved layout. Empty means the default."""
    saved = SavedView.objects.filter(owner=owner_id, name=LAYOUT)
    return saved.values_list("query", flat=True).first() or ""


@transaction.atomic
def save_layout(*, owner_id: int, query: str) -> None:
    """Save this layout for ledger URLs without one."""
    SavedView.objects.update_or_create(
        owner_id=owner_id, name=LAYOUT, defaults={"query": query[:QUERY_LENGTH]}
    )


@transaction.atomic
def share(view: SavedView, *, is_shared: bool) -> None:
    """Show the view on everyone's list, or on its owner's only."""
    assert view.name != LAYOUT
    view.is_shared = is_shared
    view.save(update_fields=["is_shared"])


class Views(NamedTuple):
    """The views on someone's list."""

    own: list[SavedView]
    shared: list[SavedView]


def views_of(reader_id: int) -> Views:
    """Their own views, and those that others on the panel share, as long as they're there."""
    shared = Q(is_shared=True, owner__is_active=True, owner__groups__name__in=RIGHTS)
    found = SavedView.objects.filter(Q(owner=reader_id) | shared).exclude(name=LAYOUT)
    found = found.select_related("owner").distinct().order_by("name", "pk")
    own: list[SavedView] = []
    others: list[SavedView] = []
    for view in found:
        (own if view.owner_id == reader_id else others).append(view)
    return Views(own, others[:SHARED_AT_MOST])


@transaction.atomic
def delete(view: SavedView) -> None:
    view.delete()
