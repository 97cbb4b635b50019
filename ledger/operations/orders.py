"""What somebody asks for, before anything has moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ledger.models import Transaction
from wallet.db.preconditions import Precondition
from wallet.models import Account

Type = Transaction.Type
Kind = Account.Kind


@dataclass(frozen=True, slots=True)
class Order:
    """Move `amount_cents` from one member account to another, or from or to outside (None).

    `reverses_id` is the transaction that a reversal takes back.
    """

    type: Transaction.Type
    amount_cents: int
    source_id: int | None = None
    target_id: int | None = None
    description: str = ""
    reverses_id: int | None = None

    @classmethod
    def of(cls, record: Transaction) -> Order:
        """The order that made this transaction."""
        return cls(
            type=Type(record.type),
            amount_cents=record.amount_cents,
            source_id=record.from_account_id,
            target_id=record.to_account_id,
            description=record.description,
            reverses_id=record.reverses_id,
        )

    @classmethod
    def reversing(cls, record: Transaction) -> Order:
        """The order that takes back what this deposit or transfer has moved."""
        assert record.is_reversible
        return cls(
            type=Type.REVERSAL,
            amount_cents=record.amount_cents,
            source_id=record.to_account_id,
            target_id=record.from_account_id,
            description=f"Reversal of {record.reference}",
            reverses_id=record.pk,
        )

    @property
    def account_ids(self) -> list[int]:
        """The member accounts to lock, lowest id first."""
        return sorted(id for id in (self.source_id, self.target_id) if id is not None)

    def postings(self) -> list[tuple[int, int]]:
        """(account id, signed cents) of each line in the books; they sum to zero.

        Money from outside is owed by the rail's float, so its balance is below zero. Money on
        its way out passes through "in transit", where it stays while a rail has not answered;
        the simulated rail answers at once.
        """
        amount = self.amount_cents
        rail = Account.HOUSE_IDS[Kind.SIMULATED_FLOAT]
        transit = Account.HOUSE_IDS[Kind.IN_TRANSIT]
        match self.type, self.source_id, self.target_id:
            case Type.DEPOSIT, None, int(target):
                return [(rail, -amount), (target, amount)]
            case ((Type.TRANSFER | Type.REVERSAL), int(source), int(target)):
                return [(source, -amount), (target, amount)]
            case Type.WITHDRAW, int(source), None:
                return [(source, -amount), (transit, amount), (transit, -amount), (rail, amount)]
            case Type.REVERSAL, int(source), None:
                return [(source, -amount), (rail, amount)]
        raise AssertionError(f"no such order: {self}")


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """An order and what came with it: who gave it, their key, its own time if it belongs to a
    history, and its precondition."""

    order: Order
    actor_id: int
    key: str | None
    at: datetime | None = None
    precondition: Precondition | None = None
