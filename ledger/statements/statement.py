"""A statement of one account over a period, fixed at the moment it is made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils import timezone

from ledger import account_days
from ledger.models import Entry, Goal
from ledger.querysets import day_start, next_day_start
from ledger.statements import lines
from ledger.statements.lines import Line
from ledger.statements.period import Period
from wallet.errors import Refusal
from wallet.models import Account, User


class TooManyLines(Refusal):
    """More lines than this form of the statement can have."""

    code = "too_many_lines"


class Totals(NamedTuple):
    """What came in, went out and was taken as fees, all zero or above, and how many lines.

    Money that a failed payout brought back counts as money in, and its fee too.
    """

    in_cents: int
    out_cents: int
    fees_cents: int
    line_count: int


class Point(NamedTuple):
    """An entry of the account and the balance after it."""

    id: int
    balance_cents: int


@dataclass(frozen=True, slots=True)
class Statement:
    """The balance at the start of the period, what moved, and the balance at its end.

    It covers the account's entries after `opening` and up to `closing`.
    """

    account: Account
    period: Period
    opening: Point
    closing: Point
    totals: Totals
    made_at: datetime

    @property
    def owner(self) -> User:
        assert self.account.user
        return self.account.user

    @property
    def goal(self) -> Goal | None:
        """The savings goal that it's of. None for a statement of the wallet."""
        return self.account.goal if self.account.kind == Account.Kind.GOAL else None

    @property
    def of_what(self) -> str:
        """The account in words: a goal's name, or the wallet's account number."""
        return self.goal.name if self.goal else self.account.number

    @property
    def starts_at(self) -> datetime:
        return day_start(self.period.first)

    @property
    def ends_at(self) -> datetime:
        """The last second that it covers: of its last day, or the one it was made in."""
        return min(next_day_start(self.period.last) - timedelta(seconds=1), self.made_at)

    @property
    def opening_cents(self) -> int:
        return self.opening.balance_cents

    @property
    def closing_cents(self) -> int:
        return self.closing.balance_cents

    @property
    def is_right(self) -> bool:
        """Does what moved lead from the first balance to the last, to the cent?"""
        totals = self.totals
        moved = totals.in_cents - totals.out_cents - totals.fees_cents
        return self.opening_cents + moved == self.closing_cents

    def some_lines(self, start: int, size: int) -> list[Line]:
        """At most `size` lines after the first `start` ones, oldest first."""
        found = entries_between(self.account, self.opening, self.closing)
        return list(lines.read(found[start : start + size]))

    def every_line(self) -> Iterator[Line]:
        """All lines, oldest first. Reads them in batches, so memory stays flat."""
        return lines.stream(entries_between(self.account, self.opening, self.closing))


def of(account: Account, period: Period) -> Statement:
    """The statement of this account, up to now.

    Time never runs backwards along an account, so the entries of a period lie between two ids, and
    those are read along the index of the account. What is written later has a higher id.
    """
    opening = point(account_days.last_before(account, period.first)) or Point(0, 0)
    now = timezone.now()
    moved = account_days.lines(account, period.first, period.last)
    closing = point(moved.last_id) or opening
    totals = Totals(moved.credited_cents, moved.debited_cents, moved.fee_cents, moved.line_count)
    return Statement(account, period, opening, closing, totals, made_at=now)


def point(entry_id: int) -> Point | None:
    """This entry and the balance after it. None for 0."""
    if not entry_id:
        return None
    row = Entry.objects.filter(pk=entry_id).values_list("pk", "balance_after_cents").first()
    # Only entries of house accounts have no balance.
    return Point(row[0], row[1] or 0) if row else None


def entries_between(account: Account, opening: Point, closing: Point) -> QuerySet[Entry]:
    """The account's entries after one point and up to the other, oldest first."""
    return lines.entries_of(account).filter(pk__gt=opening.id, pk__lte=closing.id)
