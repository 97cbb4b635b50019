"""What came into a member's account and went out of it, month by month.

The sums are those of the rows that Activity shows: what failed moved nothing, money that is on its
way in isn't there yet, and a fee went out with its payment. What a member moves between their own
accounts is neither money in nor out.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from django.utils.formats import date_format

from ledger import account_days
from ledger.querysets import nairobi_day
from wallet.models import Account


class Month(NamedTuple):
    """A Nairobi month, named by its first day. The cents are zero or above."""

    first: date
    in_cents: int = 0
    out_cents: int = 0

    @property
    def name(self) -> str:
        """`November`, `December 2025` in another year."""
        is_this_year = self.first.year == nairobi_day().year
        return date_format(self.first, "F" if is_this_year else "F Y")

    def plus(self, in_cents: int, out_cents: int) -> Month:
        return Month(self.first, self.in_cents + in_cents, self.out_cents + out_cents)


def this_month(account: Account) -> Month:
    today = nairobi_day()
    first = today.replace(day=1)
    return totals(account, first, today).get(first, Month(first))


def totals(account: Account, first: date, last: date) -> dict[date, Month]:
    """The months from `first` to `last` in which money moved, by their first day.

    Of a month that the period cuts, only the days in it count.
    """
    found: dict[date, Month] = {}
    for day, in_cents, out_cents in account_days.moved(account, first, last):
        if in_cents or out_cents:
            month = found.setdefault(day.replace(day=1), Month(day.replace(day=1)))
            found[month.first] = month.plus(in_cents, out_cents)
    return found
