"""Put items into suspense, and resolve them as two people agreed."""

from __future__ import annotations

from ledger import operations
from ledger.kinds import STRAY_IN, Kind
from ledger.models import Attempt, Transaction
from tests.factories import account_id, new_key
from tests.ledger.support import paya
from wallet.context import Context
from wallet.models import User

PHONE = "+254712000099"


def stray(payer: User, cents: int = 300_00, rail_code: str = "paya", kind: Kind = STRAY_IN):
    """An item of this payer's. STRAY_OUT makes one that suspense lacks."""
    return operations.hold_in_suspense(
        kind,
        paid=operations.Paid(rail_code, new_key(), cents),
        actor_id=payer.pk,
        key=f"stray {new_key()}",
        description="A test",
    )


def the_stray() -> Transaction:
    """The only payment in suspense."""
    return Transaction.objects.get(type="STRAY_IN")


def by(person: User, key: str | None = None) -> Context:
    return Context(person.pk, key=key or f"correction {new_key()}")


def assign(item: Transaction, to: User, person: User, key: str | None = None) -> Transaction:
    return operations.assign(by(person, key), item_id=item.pk, account_id=account_id(to))


def give_back(item: Transaction, person: User, key: str | None = None) -> Transaction:
    return operations.return_to_payer(
        by(person, key), item_id=item.pk, rail_code=paya.Paya.code, phone=PHONE
    )


def adjust(
    source_id: int,
    target_id: int,
    cents: int,
    person: User,
    item: Transaction | None = None,
    key: str | None = None,
) -> Transaction:
    return operations.adjust(
        by(person, key),
        source_id=source_id,
        target_id=target_id,
        amount_cents=cents,
        item_id=item and item.pk,
    )


def attempt_of(record: Transaction) -> Attempt:
    return Attempt.objects.get(transaction=record)
