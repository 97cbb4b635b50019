"""An order: a request to move money, before anything has moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ledger import rails
from ledger.kinds import PARTIAL, REVERSAL, Kind, Place
from ledger.kinds.shapes import Line, Measure, Shape
from ledger.models import Transaction
from wallet import house
from wallet.db.preconditions import Precondition

type Postings = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Order:
    """Move `amount_cents` from the source account to the target account. None means outside.

    `reverses_id` is the transaction that a reversal takes back. `rail_code` is the rail of a
    deposit or payout; empty means the current rail. `fee_cents` is the fee that its member agreed
    to; None means what the tariff asks. Two orders that differ only in the rail or the fee are
    equal.
    """

    kind: Kind
    amount_cents: int
    source_id: int | None = None
    target_id: int | None = None
    description: str = ""
    reverses_id: int | None = None
    rail_code: str = field(default="", compare=False)
    fee_cents: int | None = field(default=None, compare=False)

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
            fee_cents=record.fee_cents,
        )

    @classmethod
    def reversal_of(cls, record: Transaction) -> Order:
        """The order that reverses this transaction."""
        assert record.is_reversible
        return cls(
            kind=REVERSAL,
            amount_cents=record.amount_cents,
            source_id=record.to_account_id,
            target_id=record.from_account_id,
            description=f"Reversal of {record.reference}",
            reverses_id=record.pk,
        )

    @classmethod
    def part_of(cls, record: Transaction, amount_cents: int) -> Order:
        """The order that reverses a part of this transaction."""
        assert record.is_reversible
        return cls(
            kind=PARTIAL,
            amount_cents=amount_cents,
            source_id=record.to_account_id,
            target_id=record.from_account_id,
            description=f"Part of {record.reference} reversed",
        )

    @property
    def account_ids(self) -> list[int]:
        """The member accounts to lock, lowest id first."""
        return sorted([id for id in (self.source_id, self.target_id) if id is not None])

    @property
    def shape(self) -> Shape:
        return self.kind.shape_of(
            has_source=self.source_id is not None, has_target=self.target_id is not None
        )

    @property
    def rail(self) -> rails.Rail | None:
        """The rail it uses; None if the money stays inside Nissmart."""
        if not self.shape.uses_rail:
            return None
        return rails.of(self.rail_code) if self.rail_code else rails.current()

    @property
    def is_instant(self) -> bool:
        """False if it has to wait for its rail to answer."""
        rail = self.rail
        is_waiting = rail and self.shape.may_wait and not rail.answers_instantly(self.amount_cents)
        return not is_waiting

    def postings(self, *, is_settled: bool, fee_cents: int = 0) -> Postings:
        """The entries it writes when it is ordered, as (account id, signed cents). Sums to zero.

        If it settles instantly, these include the entries of the settlement.
        """
        shape = self.shape
        return self.post([*shape.at_order, *(shape.at_settle if is_settled else ())], fee_cents)

    def post(self, lines: Sequence[Line], fee_cents: int = 0) -> Postings:
        """The entries of these lines on this order's accounts. Without a fee, none is for it."""
        amount, amount_cents = Measure.AMOUNT, self.amount_cents
        return [
            (self.account_at(place), sign * (amount_cents if measure is amount else fee_cents))
            for place, sign, measure in lines
            if measure is amount or fee_cents
        ]

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
class PlacedOrder:
    """An order with its actor, key and precondition. `at` is its time in a generated history."""

    order: Order
    actor_id: int
    key: str | None
    at: datetime | None = None
    precondition: Precondition | None = None
