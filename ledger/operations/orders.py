"""An order: what is asked for, before anything has moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ledger import rails
from ledger.kinds import REVERSAL, Kind, Place
from ledger.kinds.shapes import Line, Shape
from ledger.models import Transaction
from wallet import house
from wallet.db.preconditions import Precondition

type Postings = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Order:
    """Move `amount_cents` from one member account to another, or from or to outside (None).

    `reverses_id` is the transaction that a reversal takes back. `rail_code` names a rail for what
    crosses the edge of the house; without one it takes the current rail. It is no part of what
    makes two orders the same.
    """

    kind: Kind
    amount_cents: int
    source_id: int | None = None
    target_id: int | None = None
    description: str = ""
    reverses_id: int | None = None
    rail_code: str = field(default="", compare=False)

    @classmethod
    def of(cls, record: Transaction) -> Order:
        """The order that made this transaction."""
        return cls(
            kind=record.kind,
            amount_cents=record.amount_cents,
            source_id=record.from_account_id,
            target_id=record.to_account_id,
            description=record.description,
            reverses_id=record.reverses_id,
            rail_code=record.rail,
        )

    @classmethod
    def reversing(cls, record: Transaction) -> Order:
        """The order that takes back what this transaction has moved."""
        assert record.is_reversible
        return cls(
            kind=REVERSAL,
            amount_cents=record.amount_cents,
            source_id=record.to_account_id,
            target_id=record.from_account_id,
            description=f"Reversal of {record.reference}",
            reverses_id=record.pk,
            rail_code=record.rail,
        )

    @property
    def account_ids(self) -> list[int]:
        """The member accounts to lock, lowest id first."""
        return sorted(id for id in (self.source_id, self.target_id) if id is not None)

    @property
    def shape(self) -> Shape:
        return self.kind.shape_of(
            has_source=self.source_id is not None, has_target=self.target_id is not None
        )

    @property
    def rail(self) -> rails.Rail | None:
        """The rail it takes; None for what stays inside."""
        if not self.shape.uses_rail:
            return None
        return rails.of(self.rail_code) if self.rail_code else rails.current()

    @property
    def is_instant(self) -> bool:
        """Is it carried out in the moment it is ordered, or does it wait for its rail?"""
        rail = self.rail
        is_waiting = rail and self.shape.may_wait and not rail.answers_instantly(self.amount_cents)
        return not is_waiting

    def postings(self, *, is_settled: bool) -> Postings:
        """(account id, signed cents) of each entry it writes when it is ordered; they sum to zero.

        An order that is settled in that moment writes the entries of both stages.
        """
        shape = self.shape
        return self.post([*shape.at_order, *(shape.at_settle if is_settled else ())])

    def post(self, lines: Sequence[Line]) -> Postings:
        """These lines, on the accounts of this order."""
        return [(self.account_at(line.place), line.sign * self.amount_cents) for line in lines]

    def account_at(self, place: Place) -> int:
        match place:
            case Place.SOURCE:
                account_id = self.source_id
            case Place.TARGET:
                account_id = self.target_id
            case Place.FLOAT:
                account_id = self.rail.float_account.id if self.rail else None
            case _:
                account_id = house.BY_KIND[place].id
        assert account_id is not None
        return account_id


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """An order and what came with it: who gave it, their key, its own time if it belongs to a
    history, and its precondition."""

    order: Order
    actor_id: int
    key: str | None
    at: datetime | None = None
    precondition: Precondition | None = None
