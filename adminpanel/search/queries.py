"""One line of text, looked for everywhere. Each kind is asked once, and for a few rows only."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from adminpanel.members import queries as lookup
from adminpanel.models import Incident
from ledger.forms.filters import date_field
from ledger.models import Transaction
from ledger.references import as_reference
from wallet.folding import holds
from wallet.models import User
from wallet.money import cents_in, format_amount
from wallet.staff.finding import named

SHOWN = 8

# As the audit names what was acted upon.
NAMED = re.compile(r"(incident|member)\s*#?\s*(\d{1,18})", re.IGNORECASE | re.ASCII)
NUMBER = re.compile(r"#?(\d{1,18})", re.ASCII)
# As the panel writes days, and as people do.
DAY = date_field(_("Day"))
DAY.input_formats = ["%Y-%m-%d", "%d %b %Y", "%d %B %Y", "%d/%m/%Y"]


class Group(NamedTuple):
    """What was found of one kind: the first rows, whether there are more, and where all are."""

    kind: str
    title: str | Promise
    rows: list[Any]
    has_more: bool
    url: str
    is_recent: bool = False


def jump(text: str) -> str | None:
    """The address of the one thing that this names and that is there."""
    reference = as_reference(text)
    if reference and Transaction.objects.filter(reference=reference).exists():
        return reverse("adminpanel:transaction", args=[reference])
    if day := day_in(text):
        return all_of("ledger", **{"from": day.isoformat(), "to": day.isoformat()})
    if not (name := NAMED.fullmatch(text)):
        return None
    kind, id = name[1].lower(), int(name[2])
    rows: QuerySet[Any] = (Incident if kind == "incident" else User).objects.filter(pk=id)
    return reverse(f"adminpanel:{kind}", args=[id]) if rows.exists() else None


def day_in(text: str) -> date | None:
    """The day that this names, if it is one that the ledger can be asked for."""
    with suppress(ValidationError):
        day: date = DAY.clean(text)
        return day
    return None


def groups(text: str) -> list[Group]:
    """All that fits, a group for each kind in which something does."""
    found = [members(text), *transactions(text), incidents(text)]
    return [group for group in found if group.rows]


def members(text: str) -> Group:
    found = lookup.exactly(text)
    fits = named(text) | lookup.reached(text)
    people = found.people if found else User.objects.order_by("-pk").filter(fits)
    rows, has_more = lookup.page(people, "", SHOWN)
    return Group("members", _("Members"), rows, has_more, all_of("members", q=text))


def transactions(text: str) -> list[Group]:
    recent = lookup.recent()
    records = recent.with_parties().with_reversal()
    in_words = holds("description", text) | Q(reference__contains=text.upper())
    rows, has_more = records.filter(in_words | Q(idempotency_key=text)).page(SHOWN)
    title = _("Transactions with this in their note or reference, or as their request key")
    found = [Group("notes", title, rows, has_more, all_of("ledger", q=text), True)]
    if cents := cents_in(text):
        rows, has_more = records.filter(amount_cents=cents).page(SHOWN)
        amount = format_amount(cents).replace(",", "")
        url = all_of("ledger", min=amount, max=amount)
        title = _("Transactions of exactly this amount")
        found.insert(0, Group("amounts", title, rows, has_more, url, True))
    return found


def incidents(text: str) -> Group:
    fits = holds("title", text)
    if number := NUMBER.fullmatch(text):
        fits |= Q(pk=int(number[1]))
    rows = list(Incident.objects.filter(fits)[: SHOWN + 1])
    title, url = _("Incidents"), all_of("incidents", q=text)
    return Group("incidents", title, rows[:SHOWN], len(rows) > SHOWN, url)


def all_of(name: str, **query: str) -> str:
    return f"{reverse(f'adminpanel:{name}')}?{urlencode(query)}"
