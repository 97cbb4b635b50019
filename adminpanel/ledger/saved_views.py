"""Views of the ledger that staff save for themselves.

They say how a person likes to read, not what they did, so they leave no line in the audit.
"""

from __future__ import annotations

from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from adminpanel.models import SavedView
from wallet.errors import Refusal
from wallet.models import User
from wallet.staff import finding

VIEWS_AT_MOST = 30
QUERY_LENGTH = SavedView._meta.get_field("query").max_length or 0


# The view without a name: how its owner likes the ledger when the URL doesn't say.
LAYOUT = ""


class NameTaken(Refusal):
    """Another view has this name, and its owner hasn't said that it may be replaced."""

    code = "name_taken"
    sentence = _("There is a view of this name already. Replace it?")


@transaction.atomic
def save(*, owner_id: int, name: str, query: str, may_replace: bool = False) -> bool:
    """Save `query` under this name. True when it replaced an earlier view.

    Raises a Refusal when there is nothing to save, too much of it, or too many views already;
    NameTaken when it would replace another view and may not.
    """
    query = hide_contact(query)
    if not query:
        raise Refusal(_("Set a filter or a column first: this is the ledger as it always is."))
    if len(query) > QUERY_LENGTH:
        raise Refusal(_("These filters are too long to be saved."))
    # Otherwise two at the same time would both find room for one more.
    User.objects.select_for_update(no_key=True).get(pk=owner_id)
    mine = SavedView.objects.filter(owner=owner_id)
    earlier = mine.filter(name=name)
    if not may_replace and earlier.exclude(query=query).exists():
        raise NameTaken
    if earlier.update(query=query):
        return True
    if mine.exclude(name=LAYOUT).count() >= VIEWS_AT_MOST:
        raise Refusal(_("You have saved {most} views. Delete one first."), most=VIEWS_AT_MOST)
    SavedView.objects.create(owner_id=owner_id, name=name, query=query)
    return False


def hide_contact(query: str) -> str:
    """The same filters, with a member by their id: no phone and no email is saved."""
    filters = QueryDict(query, mutable=True)
    text = filters.get("member", "")
    if finding.contact_in(text) is None:
        return query
    person = User.objects.with_login(text)
    filters["member"] = f"#{person.pk}" if person else finding.mask_contact(text)
    return filters.urlencode()


def layout_of(owner_id: int) -> str:
    """What `save_layout` has saved; empty for the usual layout."""
    saved = SavedView.objects.filter(owner=owner_id, name=LAYOUT)
    return saved.values_list("query", flat=True).first() or ""


@transaction.atomic
def save_layout(*, owner_id: int, query: str) -> None:
    """Show the ledger like this whenever its address says nothing of columns and rows."""
    SavedView.objects.update_or_create(
        owner_id=owner_id, name=LAYOUT, defaults={"query": query[:QUERY_LENGTH]}
    )


@transaction.atomic
def delete(view: SavedView) -> None:
    view.delete()
