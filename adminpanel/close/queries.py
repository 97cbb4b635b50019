"""Queries about closed periods and the proposals to close them."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from adminpanel.models import ClosingProposal
from ledger.closing import periods
from ledger.closing.periods import Period
from ledger.models import Close
from wallet import house
from wallet.models import Account

# The accounts that members have, as the reports call them.
OF_MEMBERS: dict[str, str | Promise] = {
    Account.Kind.WALLET: _("Members' wallets"),
    Account.Kind.GOAL: _("Savings goals"),
}


class Line(NamedTuple):
    """A line of a stored trial balance, with the name of its account."""

    code: str
    label: str
    opening_cents: int
    debit_cents: int
    credit_cents: int
    closing_cents: int


def closes() -> QuerySet[Close]:
    """The chain: every close and reopening."""
    return Close.objects.select_related("reopens", "reopened_by")


def due() -> list[Period]:
    """The day to close next, if it's over, and the month whose days are all closed."""
    found = [periods.next_day(), periods.next_month()]
    return [one for one in found if one and one.is_over]


def open_proposal(period: Period) -> ClosingProposal | None:
    """The proposal about this period that waits for a decision."""
    waiting = ClosingProposal.objects.filter(
        state__in=ClosingProposal.OPEN, last_day=period.last_day
    ).select_related("proposed_by", "reopens")
    return next((one for one in waiting if one.period.act == period.act), None)


def parse(key: str) -> Period | None:
    """The period of a URL, `2026-11-27` or `2026-11`. None if there is no such day or month."""
    try:
        if len(key) == len("2026-11"):
            return periods.month(date.fromisoformat(f"{key}-01"))
        return periods.day(date.fromisoformat(key))
    except (ValueError, OverflowError):
        return None


def trial_balance(close: Close) -> list[Line]:
    """The trial balance stored with the close."""
    labels = {code: kind for kind, code in house.CODES.items()}
    lines = close.content.get("trial_balance", [])
    return [Line(label=label_of(labels.get(line["code"], "")), **line) for line in lines]


def label_of(kind: str) -> str:
    known = house.BY_KIND.get(kind)
    return str(known.label if known else OF_MEMBERS.get(kind, kind))
