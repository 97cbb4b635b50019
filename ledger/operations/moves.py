"""Deposit, transfer, withdraw, reverse."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from ledger.errors import NotReversible
from ledger.kinds import DEPOSIT, TRANSFER, WITHDRAWAL
from ledger.models import Transaction
from ledger.operations import rules, statements
from ledger.operations.execution import replay
from ledger.operations.group_commit import GROUP_COMMIT
from ledger.operations.orders import Order, Placed
from ledger.operations.statements import Hold
from wallet.db.preconditions import Precondition


def deposit(
    *,
    actor_id: int,
    account_id: int,
    amount_cents: int,
    key: str | None,
    description: str = "",
    at: datetime | None = None,
) -> Transaction:
    """Put money from the rail into a member's account, once.

    `amount_cents` is whole cents. `key` names this one request by this actor: the same key
    with the same order returns the first Transaction, marked `is_replay`, and moves nothing.
    `at` is for histories played back in order; it defaults to now.

    Raises a Refusal: InvalidAmount, TransactionLimitReached, BalanceLimitReached,
    AccountClosed, UnknownAccount, KeyReused or Busy.
    """
    order = Order(DEPOSIT, amount_cents, target_id=account_id, description=description)
    return perform(order, actor_id=actor_id, key=key, at=at)


def transfer(
    *,
    actor_id: int,
    source_id: int,
    target_id: int,
    amount_cents: int,
    key: str | None,
    description: str = "",
    at: datetime | None = None,
) -> Transaction:
    """Move money from one member's account to another's, once. Arguments as in `deposit`.

    Raises also SelfTransfer, AccountFrozen, InsufficientFunds, DailyLimitReached and
    RecipientLimitReached.
    """
    order = Order(TRANSFER, amount_cents, source_id, target_id, description)
    return perform(order, actor_id=actor_id, key=key, at=at)


def withdraw(
    *,
    actor_id: int,
    account_id: int,
    amount_cents: int,
    key: str | None,
    description: str = "",
    at: datetime | None = None,
) -> Transaction:
    """Pay money out of a member's account over the rail, once. Arguments as in `deposit`.

    Raises also AccountFrozen, InsufficientFunds and DailyLimitReached.
    """
    order = Order(WITHDRAWAL, amount_cents, source_id=account_id, description=description)
    return perform(order, actor_id=actor_id, key=key, at=at)


def reverse(
    *, actor_id: int, transaction_id: int, key: str | None, at: datetime | None = None
) -> Transaction:
    """Take back what a completed deposit or transfer has moved, once, whole.

    `actor_id` is the member of staff who approved it. The wallet that received must still hold
    the money; whether it is frozen or closed does not matter.

    Raises NotReversible, AlreadyReversed, MoneyGone, KeyReused or Busy.
    """
    record = Transaction.objects.get(pk=transaction_id)
    if not record.is_reversible:
        raise NotReversible(reference=record.reference)
    return perform(Order.reversing(record), actor_id=actor_id, key=key, at=at)


def preview(order: Order) -> int:
    """What the member who orders would hold once it is settled, in cents.

    Nothing moves and nothing is held: the answer may be out of date when the order comes.
    Raises the Refusal that the order would meet now.
    """
    rules.refuse_nonsense(order)
    asked = [Placed(order, actor_id=0, key=None)]
    holdings, [facts] = statements.read(asked, timezone.localdate(), Hold.NOTHING)
    rules.check(order, holdings, facts.sent_cents, is_preview=True)
    own = holdings[order.account_ids[0] if order.source_id is None else order.source_id]
    postings = order.postings(is_settled=True)
    return own.balance_cents + sum(cents for id, cents in postings if id == own.id)


def earlier(order: Order, *, actor_id: int, key: str) -> Transaction | None:
    """The transaction this key made already, if any. Raises KeyReused for another order."""
    made = Transaction.objects.filter(created_by_id=actor_id, idempotency_key=key)
    found = made.values_list("pk", flat=True).first()
    return None if found is None else replay(order, found)


def perform(
    order: Order,
    *,
    actor_id: int,
    key: str | None,
    at: datetime | None = None,
    precondition: Precondition | None = None,
) -> Transaction:
    """Carry out an order. `deposit`, `transfer` and `withdraw` are this with names.

    The `precondition` is checked once the accounts are locked. Raises what its check raises, and
    nothing moves then.
    """
    rules.refuse_nonsense(order)
    return GROUP_COMMIT.carry_out(Placed(order, actor_id, key, at, precondition))
