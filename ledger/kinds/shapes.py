"""The shape of a transaction: from where to where, what it writes, what the books then show.

`at_order`, `at_settle` and `at_fail` are what the operations write. `books` is what a transaction
must have written by the time it has a status: the checks of `ledger/verify/` and the CHECK
constraint are made from that, and never from what the operations do.
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

if TYPE_CHECKING:
    from ledger.kinds.kind import Kind


class Side(StrEnum):
    """Where the money of an order comes from, or goes to."""

    MEMBER = "member"  # a member's account, which the transaction names
    RAIL = "rail"  # the outer world, over the rail that the transaction names
    HOUSE = "house"  # an account of the house's own, which the entries name


class Place(StrEnum):
    """An account of an entry, as seen from its transaction."""

    SOURCE = "source"
    TARGET = "target"
    FLOAT = "float"  # the house's account at the transaction's rail
    TRANSIT = house.IN_TRANSIT.kind
    SUSPENSE = house.SUSPENSE.kind
    ADJUSTMENTS = house.ADJUSTMENTS.kind


class Line(NamedTuple):
    """One entry of the transaction's whole amount. `sign` is -1 out of the account, 1 into it."""

    place: Place
    sign: int


def out_of(place: Place) -> Line:
    return Line(place, -1)


def into(place: Place) -> Line:
    return Line(place, 1)


type Books = Mapping[Status, Sequence[Line]]


@dataclass(frozen=True)
class Shape:
    """One way of a kind. A status that `books` leaves out is one it never has."""

    source: Side
    target: Side
    books: Books
    at_order: Sequence[Line] = ()
    at_settle: Sequence[Line] = ()
    at_fail: Sequence[Line] = ()

    # Asked of each order, so they are worked out once.

    @cached_property
    def uses_rail(self) -> bool:
        return Side.RAIL in (self.source, self.target)

    @cached_property
    def may_wait(self) -> bool:
        """Does it wait for its rail, where that answers later?"""
        return Status.PENDING in self.books

    @property
    def names(self) -> tuple[bool, bool]:
        """Does a transaction of this shape name a source, and a target?"""
        return self.source == Side.MEMBER, self.target == Side.MEMBER

    def rests(self, status: Status) -> Counter[Place]:
        """How often the amount lies on each place once the transaction has this status."""
        found: Counter[Place] = Counter()
        for line in self.books.get(status, ()):
            found[line.place] += line.sign
        return found


def check(kinds: Iterable[Kind]) -> Q:
    """The columns of a transaction are those of its kind: for the CHECK constraint.

    Written so that it is never NULL, which a CHECK would let in.
    """
    return reduce(or_, (columns(kind, shape) for kind in kinds for shape in kind.shapes))


def columns(kind: Kind, shape: Shape) -> Q:
    return Q(
        type=kind.code,
        status__in=[status.value for status in shape.books],
        from_account__isnull=shape.source != Side.MEMBER,
        to_account__isnull=shape.target != Side.MEMBER,
        reverses__isnull=not kind.takes_back,
        **({"rail__gt": ""} if shape.uses_rail else {"rail": ""}),
    )
