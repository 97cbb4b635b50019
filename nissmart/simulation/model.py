"""A plain model of the money: what each account holds, by adding and taking away.

It shares no code with the product. It reads which transactions there are and how they stand, says
which of them may be, and works out by itself what each account then holds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from nissmart.simulation.founding import BALANCE_LIMIT, DAY_LIMIT, fee_of

TRANSIT, SUSPENSE, ADJUSTMENTS, FLOAT = -2, -3, -4, -5
FEES, CHARGES, INTEREST, TAX = -6, -7, -11, -12
PENDING, SUCCESS, FAILED = "PENDING", "SUCCESS", "FAILED"
NAIROBI = timedelta(hours=3)
# What members order themselves, and what of it stays with its member.
ORDERED = ("DEPOSIT", "WITHDRAW", "TRANSFER", "SAVE", "TAKE", "MOVE")
OUT = ("WITHDRAW", "TRANSFER")


class Broken(Exception):
    """A rule doesn't hold. The argument says which."""


class Row(NamedTuple):
    """A transaction as it is in the database, and its attempt if it has one."""

    id: int
    type: str
    status: str
    cents: int
    fee: int
    source: int | None
    target: int | None
    actor: int | None
    key: str | None
    reverses: int | None
    part_of: int | None
    resolves: int | None
    created_at: datetime
    state: str | None
    reference: str | None
    receipt: str | None
    is_payout: bool | None


@dataclass(frozen=True)
class Asked:
    """An order that was given, whatever became of it."""

    type: str
    cents: int
    source: int | None
    target: int | None


@dataclass(frozen=True)
class Planned:
    """A schedule: each run moves so much at most on one of its days."""

    type: str
    cents: int
    source: int
    target: int
    every: str
    day: int


# Which accounts the amount, and the fee, leave and reach: when it is ordered, and when one that
# waited ends. All other types move from their source to their target.
SOURCE, TARGET = "source", "target"
BETWEEN: dict[str, tuple[int | str, int | str]] = {
    "WITHDRAW": (SOURCE, TRANSIT),
    "STRAY_IN": (FLOAT, SUSPENSE),
    "STRAY_OUT": (SUSPENSE, FLOAT),
    "CHARGE": (CHARGES, FLOAT),
    "ASSIGN": (SUSPENSE, TARGET),
    "RETURN": (SUSPENSE, TRANSIT),
    "INTEREST": (INTEREST, TARGET),
    "TAX": (SOURCE, TAX),
}
ENDS: dict[tuple[str, str], tuple[int | str, int | str, int | str]] = {
    ("DEPOSIT", SUCCESS): (FLOAT, TARGET, TARGET),
    ("WITHDRAW", SUCCESS): (TRANSIT, FLOAT, FEES),
    ("WITHDRAW", FAILED): (TRANSIT, SOURCE, SOURCE),
    ("RETURN", SUCCESS): (TRANSIT, FLOAT, FLOAT),
    ("RETURN", FAILED): (TRANSIT, SUSPENSE, SUSPENSE),
}


def side(row: Row, place: int | str) -> int | None:
    if isinstance(place, int):
        return place
    return row.source if place == SOURCE else row.target


def at_order(row: Row) -> list[tuple[int | None, int]]:
    """What moves when it is ordered."""
    if row.type == "DEPOSIT":
        return []
    left, reached = (side(row, place) for place in BETWEEN.get(row.type, (SOURCE, TARGET)))
    if row.type in ("REVERSAL", "PARTIAL") and reached is None:
        reached = SUSPENSE
    return [(left, -row.cents - row.fee), (reached, row.cents + row.fee)]


def at_end(row: Row) -> list[tuple[int | None, int]]:
    """What moves when a transaction that waited ends."""
    places = ENDS.get((row.type, row.status))
    if places is None:
        return []
    left, reached, fee_to = (side(row, place) for place in places)
    return [(left, -row.cents - row.fee), (reached, row.cents), (fee_to, row.fee)]


class Model:
    def __init__(self) -> None:
        self.held: Counter[int] = Counter()
        self.rows: dict[int, Row] = {}
        self.asked: dict[tuple[int, str], list[Asked]] = defaultdict(list)
        self.by_key: dict[tuple[int | None, str], int] = {}
        self.planned: dict[int, Planned] = {}
        self.sent: Counter[tuple[int | None, date]] = Counter()
        self.frozen: set[int] = set()

    def pending(self) -> list[Row]:
        return [row for row in self.rows.values() if row.status == PENDING]

    def take_in(self, row: Row) -> bool:
        """Follow a new or changed transaction. False if nothing about it is new."""
        before = self.rows.get(row.id)
        if before == row:
            return False
        self.rows[row.id] = row
        if before is None:
            self.begin(row)
            if row.status != PENDING:
                self.move(row, at_end(row))
        elif before.status != row.status:
            if before.status != PENDING:
                raise Broken(f"{name(row)} had ended: {before.status}, and is now {row.status}")
            self.move(row, at_end(row))
            if row.status == FAILED and row.type in OUT:
                self.sent[row.source, day_of(row)] -= row.cents
        elif before[:13] != row[:13]:
            raise Broken(f"{name(row)} changed: {before} -> {row}")
        return True

    def begin(self, row: Row) -> None:
        if row.key is not None:
            first = self.by_key.setdefault((row.actor, row.key), row.id)
            if first != row.id:
                raise Broken(f"{name(row)} has the key {row.key!r} of transaction {first}")
        if row.fee != (fee_of(row.cents) if row.type == "WITHDRAW" else 0):
            raise Broken(f"{name(row)} has a fee of {row.fee}")
        if row.type in (*OUT, "SAVE") and row.source in self.frozen:
            raise Broken(f"{name(row)} left a frozen wallet")
        self.move(row, at_order(row))
        is_limited = row.type in ("TRANSFER", "SAVE", "TAKE", "MOVE")
        if is_limited and self.held[row.target or 0] > BALANCE_LIMIT:
            raise Broken(f"{name(row)} filled account {row.target} above its limit")
        if row.type in OUT and row.status != FAILED:
            self.sent[row.source, day_of(row)] += row.cents
            if self.sent[row.source, day_of(row)] > DAY_LIMIT:
                raise Broken(f"{name(row)} is above the limit of its day")

    def move(self, row: Row, moves: list[tuple[int | None, int]]) -> None:
        for account, cents in moves:
            if account is None:
                raise Broken(f"{name(row)} lacks a side")
            self.held[account] += cents
            if account > 0 and cents < 0 and self.held[account] < 0:
                raise Broken(f"{name(row)} overdraws account {account}")


def day_of(row: Row) -> date:
    """The Nairobi day of its order."""
    return (row.created_at + NAIROBI).date()


def name(row: Row) -> str:
    return f"transaction {row.id} ({row.type} {row.status} of {row.cents})"
