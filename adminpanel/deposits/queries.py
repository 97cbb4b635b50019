"""Deposits that haven't reached a wallet: those that wait, failed, or have no owner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from adminpanel.deposits import rows
from adminpanel.deposits.rows import Row
from ledger import kinds
from ledger.models import Arrival, Attempt, Transaction
from ledger.models.attempts import State

# More rows than this aren't counted.
COUNTED = 1000


@dataclass(frozen=True)
class Tab:
    """A list. `about` says what is in it. Its first column is `age`: when it began, or ended."""

    name: str
    label: str | Promise
    about: str | Promise
    empty: str | Promise
    age: str | Promise
    found: Callable[[], QuerySet[Any]]
    to_row: Callable[[Any], Row]

    def count(self) -> str:
        """How many there are: `12`, or `999+`."""
        count = self.found().order_by()[:COUNTED].count()
        return f"{COUNTED - 1}+" if count >= COUNTED else str(count)


def attempts_in(*states: State) -> QuerySet[Attempt]:
    """Deposits in one of these states. By type: for a null column, SQLite reads every attempt."""
    types = [kind.code for kind in kinds.every() if kind.uses_rail and not kind.pays_out]
    found = Attempt.objects.filter(state__in=states, transaction__type__in=types)
    # SQLite uses the partial index only if the query repeats its condition.
    return found.exclude(state=State.SUCCEEDED).select_related("transaction__to_account__user")


def waiting() -> QuerySet[Attempt]:
    return attempts_in(State.READY, State.SENDING, State.SENT)


def failed() -> QuerySet[Attempt]:
    return attempts_in(State.UNKNOWN, State.FAILED, State.CANCELLED)


def unconfirmed() -> QuerySet[Arrival]:
    return Arrival.objects.waiting().select_related("attempt__transaction")


def in_suspense() -> QuerySet[Transaction]:
    """Payments whose money is in suspense."""
    into = [kinds.STRAY_IN.code, kinds.REVERSAL.code, kinds.PARTIAL.code]
    found = Transaction.objects.in_suspense().filter(type__in=into)
    return found.select_related("arrival")


def in_suspense_cents() -> int:
    return in_suspense().order_by().aggregate(cents=Sum("amount_cents"))["cents"] or 0


TABS = (
    Tab(
        "waiting",
        _("Waiting"),
        _("Waiting for the payer, newest first"),
        _("No deposits are waiting"),
        _("Waiting"),
        waiting,
        rows.of_attempt,
    ),
    Tab(
        "unconfirmed",
        _("To confirm"),
        _("Paid, and not confirmed by the rail yet, newest first"),
        _("No payments wait to be confirmed"),
        _("Reported"),
        unconfirmed,
        rows.of_arrival,
    ),
    Tab(
        "failed",
        _("Failed or unknown"),
        _("Failed, or with an unknown outcome, newest first"),
        _("No deposits failed"),
        _("Ordered"),
        failed,
        rows.of_attempt,
    ),
    Tab(
        "suspense",
        _("In suspense"),
        _("In suspense, newest first"),
        _("Nothing is in suspense"),
        _("Since"),
        in_suspense,
        rows.of_stray,
    ),
)


def tab_named(name: str) -> Tab:
    """The tab with this name, or the first one."""
    return next((tab for tab in TABS if tab.name == name), TABS[0])
