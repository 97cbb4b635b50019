"""The balance report: how an account, or all that we owe members, got from one balance to the next.

Its lines are the kinds of transactions, so a new kind has one by itself. All numbers come from the
roll-ups, which are exact, so it reads as many rows for a long history as for a short one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from django.utils.translation import gettext as _

from adminpanel.reports import chart
from adminpanel.reports.chart import BookAccount, Moved
from adminpanel.reports.periods import before
from ledger import kinds
from ledger.statements.period import Period
from wallet import house

# The code of the line that kinds with a fee share.
FEES = "fees"


class Sum(NamedTuple):
    """Entries of one line in a period, and their sum: above zero if the balance grew."""

    entries: int = 0
    cents: int = 0


class Line(NamedTuple):
    """One kind of transaction, or the fees. `code` is the kind's, or FEES."""

    code: str
    label: str
    now: Sum
    then: Sum

    @property
    def change(self) -> int | None:
        return percent(self.now.cents, self.then.cents)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two periods."""

    span: Period
    opening_cents: int
    closing_cents: int


@dataclass(frozen=True, slots=True)
class Report:
    """The report on some accounts together, over a period and the one before."""

    accounts: list[BookAccount]
    now: Side
    then: Side
    lines: list[Line]

    @property
    def is_of_members(self) -> bool:
        """All that we owe members, whose fees stand apart."""
        return len(self.accounts) > 1

    @property
    def title(self) -> str:
        if self.is_of_members:
            return _("What we owe members")
        return f"{self.accounts[0].code} {self.accounts[0].label}"

    @property
    def is_right(self) -> bool:
        """Do the lines lead from the first balance to the last, in both periods?"""
        moved_now = sum(line.now.cents for line in self.lines)
        moved_then = sum(line.then.cents for line in self.lines)
        return (
            self.now.opening_cents + moved_now == self.now.closing_cents
            and self.then.opening_cents + moved_then == self.then.closing_cents
        )

    @property
    def opening_change(self) -> int | None:
        return percent(self.now.opening_cents, self.then.opening_cents)

    @property
    def closing_change(self) -> int | None:
        return percent(self.now.closing_cents, self.then.closing_cents)


def percent(now_cents: int, then_cents: int) -> int | None:
    """How much larger the sum is, in percent. None without one to compare with."""
    if not then_cents or (now_cents < 0) != (then_cents < 0):
        return None
    return round((now_cents - then_cents) * 100 / then_cents)


def report(accounts: list[BookAccount], span: Period) -> Report:
    """The report on these accounts together, beside the period before."""
    earlier = before(span)
    sign = -1 if is_debit(accounts) else 1
    # One read of the days that may still get entries, so that all of it is of the same moment.
    start = min(span.first, earlier.first)
    opening = chart.moved(until=start - timedelta(days=1))
    days = chart.moved(since=start, until=max(span.last, earlier.last), by_day=True)
    kinds_of_accounts = {one.kind for one in accounts}

    def balance(until: date) -> int:
        """The balance at the end of this day, from all that moved, whatever its kind."""
        passed = [one for one in days if one.day and one.day <= until]
        own = (one for one in [*opening, *passed] if one.account in kinds_of_accounts)
        return sign * sum(one.net_cents for one in own)

    def side(period: Period) -> Side:
        return Side(period, balance(period.first - timedelta(days=1)), balance(period.last))

    sums = [
        sums_of(accounts, [one for one in days if one.day and first <= one.day <= last])
        for first, last in (span, earlier)
    ]
    lines = [
        Line(code, label, *(in_sign(each.get(code, Sum()), sign) for each in sums))
        for code, label in labels(accounts, sums)
    ]
    return Report(accounts, side(span), side(earlier), lines)


def is_debit(accounts: list[BookAccount]) -> bool:
    """Does a debit raise the balance, as with money at a bank and costs?"""
    return accounts[0].code[0] in "15"


def in_sign(found: Sum, sign: int) -> Sum:
    return Sum(found.entries, sign * found.cents)


def sums_of(accounts: list[BookAccount], moved: Iterable[Moved]) -> dict[str, Sum]:
    """By code of the line, what the kinds moved on these accounts."""
    own = {one.kind for one in accounts}
    splits_fees = chart.WALLET in own
    found: dict[str, Sum] = {}

    def add(code: str, count: int, cents: int) -> None:
        before_it = found.get(code, Sum())
        found[code] = Sum(before_it.entries + count, before_it.cents + cents)

    for one in moved:
        if one.account in own:
            add(one.type, one.entries, one.net_cents)
        elif splits_fees and one.account == house.FEES.kind and kinds.of(one.type).has_fee:
            # What was earned came from the wallet, beside the amount of the payment.
            add(FEES, one.entries, -one.net_cents)
            add(one.type, 0, one.net_cents)
    return found


def labels(accounts: list[BookAccount], sums: list[dict[str, Sum]]) -> list[tuple[str, str]]:
    """The lines: kinds that members order, and all others that moved something.

    On an account of the house, only those that moved something on it.
    """
    is_members = any(one.house_id is None for one in accounts)
    shows_all = any(one.kind == chart.WALLET for one in accounts)
    moved = {code for each in sums for code in each}
    found: list[tuple[str, str]] = []
    for kind in kinds.every():
        is_usual = is_members and shows_all and kind.is_members and not kind.moves_own
        if kind.code in moved or is_usual:
            found.append((kind.code, str(kind.plural)))
        if kind.has_fee and shows_all and not any(code == FEES for code, _label in found):
            found.append((FEES, _("Fees earned")))
    return found
