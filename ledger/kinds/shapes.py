"""The shape of a transaction: where the money comes from, where it goes, and the entries.

`at_order`, `at_settle` and `at_fail` are the entries that operations write. `books` is a separate
statement of the entries a transaction must have in each status. The checks in `ledger/verify/`
and the CHECK constraint use `books` only, so they catch an operation that writes wrong entries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, reduce
from operator import or_
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Q

from ledger.status import Status
from wallet import house
from wallet.models import Account

if TYPE_CHECKING:
    from ledger.kinds.kind import Kind


class Side(StrEnum):
    """Where money comes from or goes to."""

    MEMBER = "member"  # a member's wallet: `from_account` or `to_account`
    GOAL = "goal"  # a savings goal of a member: `from_account` or `to_account`
    RAIL = "rail"  # outside Nissmart, over the transaction's rail
    HOUSE = "house"  # a house account, which only the entries name
    ACCOUNT = "account"  # any account, house or member's: `from_account` or `to_account`


NAMED = (Side.MEMBER, Side.GOAL, Side.ACCOUNT)
# The kind of account that a side must be.
KIND_OF_SIDE = {Side.MEMBER: Account.Kind.WALLET, Side.GOAL: Account.Kind.GOAL}


class Place(StrEnum):
    """The account of an entry, relative to its transaction."""

    SOURCE = "source"
    TARGET = "target"
    FLOAT = "float"  # the house account of the transaction's rail
    TRANSIT = house.IN_TRANSIT.kind
    SUSPENSE = house.SUSPENSE.kind
    ADJUSTMENTS = house.ADJUSTMENTS.kind
    FEES = house.FEES.kind
    CHARGES = house.CHARGES.kind
    INTEREST = house.INTEREST.kind
    TAX = house.TAX.kind


class Measure(StrEnum):
    """Which of a transaction's two sums an entry carries."""

    AMOUNT = "amount"
    FEE = "fee"  # no entry if there is no fee


class Line(NamedTuple):
    """One entry, of the whole amount or of the whole fee.

    `sign` is -1 for money out of the account, 1 for money in.
    """

    place: Place
    sign: int
    measure: Measure = Measure.AMOUNT


def out_of(place: Place, measure: Measure = Measure.AMOUNT) -> Line:
    return Line(place, -1, measure)


def into(place: Place, measure: Measure = Measure.AMOUNT) -> Line:
    return Line(place, 1, measure)


type Books = Mapping[Status, Sequence[Line]]


@dataclass(frozen=True)
class Shape:
    """One variant of a kind. It can only have the statuses that `books` lists.

    `is_past`: no operation writes it any longer, but old transactions keep it.
    """

    source: Side
    target: Side
    books: Books
    at_order: Sequence[Line] = ()
    at_settle: Sequence[Line] = ()
    at_fail: Sequence[Line] = ()
    is_past: bool = False

    # Cached, because every order reads them.

    @cached_property
    def uses_rail(self) -> bool:
        return Side.RAIL in (self.source, self.target)

    @cached_property
    def may_wait(self) -> bool:
        """True if it can be PENDING while a slow rail answers."""
        return Status.PENDING in self.books

    @property
    def names(self) -> tuple[bool, bool]:
        """Whether a transaction of this shape has a source account, and a target account."""
        return self.source in NAMED, self.target in NAMED

    @cached_property
    def source_house(self) -> house.HouseAccount | None:
        """The house account that the money comes from, if the source is one."""
        return self.house_at(-1) if self.source == Side.HOUSE else None

    @cached_property
    def target_house(self) -> house.HouseAccount | None:
        return self.house_at(1) if self.target == Side.HOUSE else None

    def house_at(self, sign: int) -> house.HouseAccount:
        """The house account that success leaves with less money (-1) or with more (1)."""
        rests = self.rests(Status.SUCCESS)
        [place] = [place for place in rests if place in house.BY_KIND and rests[place] == sign]
        return house.BY_KIND[place]

    @cached_property
    def has_fee(self) -> bool:
        """True if a tariff may ask a fee for it."""
        return any(line.measure == Measure.FEE for line in self.at_order)

    def rests(self, status: Status, measure: Measure = Measure.AMOUNT) -> Counter[Place]:
        """The sum of the entries at each place in this status, as a multiple of the measure.

        0 means that money went in and out again.
        """
        found: Counter[Place] = Counter()
        for line in self.books.get(status, ()):
            if line.measure == measure:
                found[line.place] += line.sign
        return found


def check(kinds: Iterable[Kind]) -> Q:
    """The CHECK constraint: a transaction's columns fit its kind.

    It never evaluates to NULL, because a CHECK accepts NULL.
    """
    return reduce(or_, (columns(kind, shape) for kind in kinds for shape in kind.shapes))


def columns(kind: Kind, shape: Shape) -> Q:
    sums = {} if shape.has_fee else {"fee_cents": 0}
    return Q(
        **sums,
        type=kind.code,
        status__in=[status.value for status in shape.books],
        from_account__isnull=shape.source not in NAMED,
        to_account__isnull=shape.target not in NAMED,
        reverses__isnull=not kind.takes_back,
        part_of__isnull=not kind.takes_part,
        **({"rail__gt": ""} if shape.uses_rail else {"rail": ""}),
        **kind.resolves.condition,
    )
