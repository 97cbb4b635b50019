"""Create transactions that wait for their rail, with the real operations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from ledger import operations, rails
from ledger.models import Attempt, Transaction
from tests.factories import deposit, withdraw
from wallet.models import User

State = Attempt.State


@contextmanager
def answer_later(code: str = "simulated") -> Iterator[None]:
    """During the block the rail leaves new transactions pending."""
    rail = rails.of(code)
    rail.answers_instantly = lambda amount_cents: False
    try:
        yield
    finally:
        del rail.answers_instantly


def unclaimed(user: User, amount_cents: int = 300_00, **more: object) -> Attempt:
    """A payout that no worker has claimed."""
    with answer_later():
        return Attempt.objects.get(transaction=withdraw(user, amount_cents, **more))


def waiting_deposit(user: User, amount_cents: int, **more: object) -> Transaction:
    with answer_later():
        return sent(deposit(user, amount_cents, **more))


def waiting_withdrawal(user: User, amount_cents: int, **more: object) -> Transaction:
    with answer_later():
        return sent(withdraw(user, amount_cents, **more))


def sent(record: Transaction) -> Transaction:
    """As if a worker had sent it, and its rail had accepted it. No worker looks at it again."""
    attempts = Attempt.objects.filter(transaction=record, fence=0, state=State.READY)
    at = record.created_at
    attempts.update(state=State.SENDING, fence=1, sent_at=at, lease_until=at)
    Attempt.objects.filter(transaction=record, state=State.SENDING).update(
        state=State.SENT, lease_until=None, next_look_at=None
    )
    return record


def end(record: Transaction, status: str, at: datetime | None = None) -> Transaction:
    """Settle or fail the transaction, as the rail's answer would."""
    verb = {"SUCCESS": operations.settle, "FAILED": operations.fail}[status]
    return verb(transaction_id=record.pk, at=at)
