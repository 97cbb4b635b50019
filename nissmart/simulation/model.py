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


def at_order(row: Row) -> list[tuple[int | None, int]]:
    """What moves when it is ordered."""
    cents = row.cents
    match row.type:
        case "DEPOSIT":
            return []
        case "WITHDRAW":
            return [(row.source, -cents - row.fee), (TRANSIT, cents + row.fee)]
        case "REVERSAL":
            return [(row.source, -cents), (row.target or SUSPENSE, cents)]
        case "STRAY_IN":
            return [(FLOAT, -cents), (SUSPENSE, cents)]
        case "STRAY_OUT":
            return [(SUSPENSE, -cents), (FLOAT, cents)]
        case "CHARGE":
            return [(CHARGES, -cents), (FLOAT, cents)]
        case "ASSIGNMENT":
            return [(SUSPENSE, -cents), (row.target, cents)]
        case "RETURN":
            return [(SUSPENSE, -cents), (TRANSIT, cents)]
        case "INTEREST":
            return [(INTEREST, -cents), (row.target, cents)]
        case "TAX":
            return [(row.source, -cents), (TAX, cents)]
    return [(row.source, -cents), (row.target, cents)]


def at_end(row: Row) -> list[tuple[int | None, int]]:
    """What moves when a transaction that waited ends."""
    cents, fee = row.cents, row.fee
    match row.type, row.status:
        case "DEPOSIT", "SUCCESS":
            return [(FLOAT, -cents), (row.target, cents)]
        case "WITHDRAW", "SUCCESS":
            return [(TRANSIT, -cents - fee), (FLOAT, cents), (FEES, fee)]
        case "WITHDRAW", "FAILED":
            return [(TRANSIT, -cents - fee), (row.source, cents + fee)]
        case "RETURN", "SUCCESS":
            return [(TRANSIT, -cents), (FLOAT, cents)]
        case "RETURN", "FAILED":
            return [(TRANSIT, -cents), (SUSPENSE, cents)]
    return []


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
        elif before[:12] != row[:12]:
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
        if row.type in ("TRANSFER", "SAVE", "TAKE", "MOVE") and row.target:
            if self.held[row.target] > BALANCE_LIMIT:
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
