"""Search everything. Each group is one query for a few rows."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from adminpanel.members import queries as members
from adminpanel.models import Incident
from adminpanel.payouts.queries import transactions_named
from adminpanel.search import phrases
from ledger.models import Transaction
from ledger.references import as_reference
from wallet.db.text_search import holds
from wallet.models import User
from wallet.money import format_amount, format_money
from wallet.staff import subjects
from wallet.staff.finding import by_name
from wallet.web import paging

SHOWN = 8

ROWS: dict[str, type[Any]] = {"incident": Incident, "member": User}
NUMBER = re.compile(r"#?(\d{1,18})", re.ASCII)
SHORT_DAY = re.compile(r"[a-z]{3,5}", re.ASCII | re.IGNORECASE)


class Group(NamedTuple):
    """Results of one kind: the first page, and the URL of all results."""

    kind: str
    title: str
    page: paging.Page[Any]
    url: str
    is_recent: bool = False


def member_url(text: str) -> str | None:
    """The URL of the member whom this text names, like `member 12`."""
    subject = subjects.parse(text)
    return exact_url(text) if subject and subject.kind == "member" else None


def exact_url(text: str) -> str | None:
    """The URL of the one existing thing with this reference, date or subject."""
    subject = subjects.parse(text)
    reference = as_reference(subject.key if subject else text)
    if reference and Transaction.objects.filter(reference=reference).exists():
        return reverse("adminpanel:transaction", args=[reference])
    # Two rails may give the same number. The groups then show both.
    if len(named := transactions_named(text)) == 1:
        return reverse(
            "adminpanel:transaction", args=[Transaction.objects.get(pk=named[0]).reference]
        )
    if url := ledger_url(text):
        return url
    if not (subject and subject.id and subject.kind in ROWS):
        return None
    rows: QuerySet[Any] = ROWS[subject.kind].objects.filter(pk=subject.id)
    return subject.url if rows.exists() else None


def ledger_url(text: str) -> str | None:
    """The ledger of the day in this text, or of the amount and day."""
    if wanted := phrases.wanted_in(text):
        return all_of("ledger", **filter_of(wanted.amounts), **days_of(wanted.day))
    # A short name of a weekday may be a person's name.
    is_name = SHORT_DAY.fullmatch(text.strip()) and text.strip().lower() != "today"
    day = None if is_name else phrases.day_in(text)
    return all_of("ledger", **days_of(day)) if day else None


def days_of(day: date) -> dict[str, str]:
    return {"from": day.isoformat(), "to": day.isoformat()}


def filter_of(amounts: phrases.Amounts) -> dict[str, str]:
    low, high = (format_amount(cents).replace(",", "") for cents in amounts)
    return {"min": low, "max": high}


def groups(text: str) -> list[Group]:
    """All groups with results."""
    found = [find_members(text), *find_transactions(text), find_incidents(text)]
    return [group for group in found if group.page.rows]


def only_members(text: str) -> list[Group]:
    found = find_members(text)
    return [found] if found.page.rows else []


def find_members(text: str) -> Group:
    found = members.find_exactly(text)
    fits = by_name(text) | members.phone_ends_with(text)
    people = found.people if found else User.objects.order_by("-pk").filter(fits)
    page = members.page(people, None, SHOWN)
    return Group("members", _("Members"), page, all_of("members", q=text))


def find_transactions(text: str) -> list[Group]:
    recent = members.recent()
    records = recent.with_parties().with_reversal()
    in_words = holds("description", text) | Q(reference__contains=text.upper())
    page = paging.page(records.filter(in_words | Q(idempotency_key=text)), None, SHOWN)
    title = _("Transactions with this text in the note, reference or request key")
    found = [Group("notes", title, page, all_of("ledger", q=text), True)]
    if named := transactions_named(text):
        paid = Transaction.objects.filter(pk__in=named).with_parties().with_reversal()
        title = _("Transactions with this receipt")
        page = paging.page(paid, None, SHOWN)
        found.insert(0, Group("receipts", title, page, all_of("ledger", q=text)))
    if amounts := phrases.amounts_in(text):
        page = paging.page(records.filter(amount_cents__range=amounts), None, SHOWN)
        url = all_of("ledger", **filter_of(amounts))
        found.insert(0, Group("amounts", title_of(amounts), page, url, True))
    return found


def title_of(amounts: phrases.Amounts) -> str:
    if amounts.is_exact:
        return _("Transactions of exactly this amount")
    low, high = (format_money(cents) for cents in amounts)
    return _("Transactions from {low} to {high}").format(low=low, high=high)


def find_incidents(text: str) -> Group:
    fits = holds("title", text)
    if number := NUMBER.fullmatch(text):
        fits |= Q(pk=int(number[1]))
    page = paging.page(Incident.objects.filter(fits), None, SHOWN)
    return Group("incidents", _("Incidents"), page, all_of("incidents", q=text))


def all_of(name: str, **query: str) -> str:
    return f"{reverse(f'adminpanel:{name}')}?{urlencode(query)}"
