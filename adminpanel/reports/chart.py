"""The chart of accounts: each account of the books with its number, and what moved on it by day.

The roll-ups add up all accounts of members together. Wallets and goals are split by the kind
of the transaction: its shapes say whether money goes into a goal, or comes out of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger import kinds, rollups
from ledger.kinds.shapes import NAMED, Side
from ledger.models import DailyTotal
from ledger.rollups import Total
from wallet import house
from wallet.models import Account

WALLET, GOAL = Account.Kind.WALLET, Account.Kind.GOAL

# The type of an account, by the first digit of its number.
TYPES = {
    "1": ("Assets", _("Assets")),
    "2": ("Liabilities", _("What we owe")),
    "3": ("Equity", _("Own funds")),
    "4": ("Income", _("Income")),
    "5": ("Expenses", _("Costs")),
}


class BookAccount(NamedTuple):
    """An account of the books. `kind` is that of `wallet.models.Account`.

    All wallets are one account, and so are all goals. `house_id` is None for those two.
    """

    code: str
    kind: str
    house_id: int | None
    label: str | Promise
    purpose: str | Promise

    @property
    def type(self) -> str:
        return str(TYPES[self.code[0]][1])

    @property
    def path(self) -> str:
        """Its name in plain text accounting: `Liabilities:2300-In-Transit`."""
        words = self.kind.replace("_", "-").title()
        return f"{TYPES[self.code[0]][0]}:{self.code}-{words}"


def accounts() -> list[BookAccount]:
    """Every account of the books, by number."""
    of_members = [
        BookAccount(
            *(house.code_of(WALLET), WALLET, None, _("Members' wallets")),
            _("What we owe members, in their wallets."),
        ),
        BookAccount(
            *(house.code_of(GOAL), GOAL, None, _("Savings goals")),
            _("What we owe members, in their savings goals."),
        ),
    ]
    of_house = (
        BookAccount(house.code_of(one.kind), one.kind, one.id, one.label, one.purpose)
        for one in house.all_accounts()
    )
    return sorted([*of_members, *of_house], key=lambda one: one.code)


class Moved(NamedTuple):
    """What one kind of transaction moved on one account on a day, in cents zero or above."""

    day: date | None
    type: str
    account: str  # the kind of the account
    debit_count: int
    debit_cents: int
    credit_count: int
    credit_cents: int

    @property
    def net_cents(self) -> int:
        """Above zero if more was credited."""
        return self.credit_cents - self.debit_cents

    @property
    def entries(self) -> int:
        return self.debit_count + self.credit_count


def moved(
    *, since: date | None = None, until: date | None = None, by_day: bool = False
) -> list[Moved]:
    """What moved from `since` to `until` (Nairobi days, both included), from the roll-ups."""
    return list(split(rollups.totals(since=since, until=until, by_day=by_day)))


def split(totals: Iterable[Total]) -> Iterator[Moved]:
    """The same sums by account, with wallets and goals apart."""
    by_id = {one.id: one.kind for one in house.all_accounts()}
    for total in totals:
        day, type_, house_id = total[:3]
        if house_id != DailyTotal.MEMBERS:
            yield Moved(day, type_, by_id[house_id], *total[3:])
            continue
        out_kind, in_kind = sides_of(type_)
        yield Moved(day, type_, out_kind, total.debit_count, total.debit_cents, 0, 0)
        yield Moved(day, type_, in_kind, 0, 0, total.credit_count, total.credit_cents)


def sides_of(type_: str) -> tuple[str, str]:
    """Which kind of a member's account this type takes money from, and which it puts it into.

    A type that does both to wallets and to goals would have to be split by its entries.
    """
    shapes = kinds.of(type_).shapes
    sources = {shape.source for shape in shapes if shape.source in NAMED}
    targets = {shape.target for shape in shapes if shape.target in NAMED}
    assert Side.GOAL not in sources or sources == {Side.GOAL}, type_
    assert Side.GOAL not in targets or targets == {Side.GOAL}, type_
    return (GOAL if Side.GOAL in sources else WALLET, GOAL if Side.GOAL in targets else WALLET)
