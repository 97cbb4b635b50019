"""The trial balance of a period: each account's opening and closing balance, and what moved."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from adminpanel.reports import chart
from adminpanel.reports.chart import BookAccount, Moved
from ledger.statements.period import Period


class Row(NamedTuple):
    """One account. Balances are above zero for a credit; what moved is zero or above."""

    account: BookAccount
    opening_cents: int
    debit_cents: int
    credit_cents: int

    @property
    def closing_cents(self) -> int:
        return self.opening_cents + self.credit_cents - self.debit_cents


class Balance(NamedTuple):
    """A balance in its column: one of the two is 0."""

    debit_cents: int
    credit_cents: int


def balance(cents: int) -> Balance:
    return Balance(max(-cents, 0), max(cents, 0))


class Trial(NamedTuple):
    """All accounts, by number. In right books each pair of sums is equal."""

    rows: list[Row]
    opening: Balance
    moved: Balance
    closing: Balance

    @property
    def pairs(self) -> list[Balance]:
        return [self.opening, self.moved, self.closing]

    @property
    def difference_cents(self) -> int:
        """By how much two sums differ that should be equal. 0 in right books."""
        return max(abs(one.debit_cents - one.credit_cents) for one in self.pairs)


def trial(span: Period) -> Trial:
    """The trial balance of these days."""
    before = chart.moved(until=span.first - timedelta(days=1))
    within = chart.moved(since=span.first, until=span.last)
    rows = [
        Row(
            account,
            sum(one.net_cents for one in of(before, account)),
            sum(one.debit_cents for one in of(within, account)),
            sum(one.credit_cents for one in of(within, account)),
        )
        for account in chart.accounts()
    ]
    moved = Balance(sum(row.debit_cents for row in rows), sum(row.credit_cents for row in rows))
    return Trial(
        rows,
        added(row.opening_cents for row in rows),
        moved,
        added(row.closing_cents for row in rows),
    )


def of(moved: list[Moved], account: BookAccount) -> list[Moved]:
    return [one for one in moved if one.account == account.kind]


def added(balances: Iterable[int]) -> Balance:
    """The sum of the debits and the sum of the credits."""
    pairs = [balance(cents) for cents in balances]
    return Balance(sum(one.debit_cents for one in pairs), sum(one.credit_cents for one in pairs))
