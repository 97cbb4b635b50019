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
from wallet.context import Context
from wallet.db.preconditions import Precondition


def deposit(
    context: Context,
    *,
    account_id: int,
    amount_cents: int,
    description: str = "",
    at: datetime | None = None,
) -> Transaction:
    """Put money from the rail into a member's account, once.

    `amount_cents` is whole cents. The context says who orders it, and under which idempotency key:
    the same key with the same order returns the first Transaction, marked `is_replay`, and moves
    nothing. `at` is for histories played back in order; it defaults to now.

    Raises a Refusal: InvalidAmount, TransactionLimitReached, BalanceLimitReached,
    AccountClosed, UnknownAccount, KeyReused or Busy.
    """
    order = Order(DEPOSIT, amount_cents, target_id=account_id, description=description)
    return perform(context, order, at=at)


def transfer(
    context: Context,
    *,
    source_id: int,
    target_id: int,
    amount_cents: int,
    description: str = "",
    at: datetime | None = None,
) -> Transaction:
    """Move money from one member's account to another's, once. Arguments as in `deposit`.

    Raises also SelfTransfer, AccountFrozen, InsufficientFunds, DailyLimitReached and
    RecipientLimitReached.
    """
    order = Order(TRANSFER, amount_cents, source_id, target_id, description)
    return perform(context, order, at=at)


def withdraw(
    context: Context,
    *,
    account_id: int,
    amount_cents: int,
    description: str = "",
    at: datetime | None = None,
) -> Transaction:
    """Pay money out of a member's account over the rail, once. Arguments as in `deposit`.

    Raises also AccountFrozen, InsufficientFunds and DailyLimitReached.
    """
    order = Order(WITHDRAWAL, amount_cents, source_id=account_id, description=description)
    return perform(context, order, at=at)


def reverse(context: Context, *, transaction_id: int, at: datetime | None = None) -> Transaction:
    """Take back what a completed deposit or transfer has moved, once, whole.

    The actor is the member of staff who approved it. The wallet that received must still hold
    the money; whether it is frozen or closed does not matter.

    Raises NotReversible, AlreadyReversed, MoneyGone, KeyReused or Busy.
    """
    record = Transaction.objects.get(pk=transaction_id)
    if not record.is_reversible:
        raise NotReversible(reference=record.reference)
    return perform(context, Order.reversing(record), at=at)


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


def earlier(context: Context, order: Order) -> Transaction | None:
    """The transaction this key made already, if any. Raises KeyReused for another order."""
    assert context.key is not None
    made = Transaction.objects.filter(created_by_id=context.actor_id, idempotency_key=context.key)
    found = made.values_list("pk", flat=True).first()
    return None if found is None else replay(order, found)


def perform(
    context: Context,
    order: Order,
    *,
    at: datetime | None = None,
    precondition: Precondition | None = None,
) -> Transaction:
    """Carry out an order. `deposit`, `transfer` and `withdraw` are this with names.

    The `precondition` is checked once the accounts are locked. Raises what its check raises, and
    nothing moves then.
    """
    assert context.actor_id is not None, "the system orders nothing"
    rules.refuse_nonsense(order)
    placed = Placed(order, context.actor_id, context.key, at, precondition)
    return GROUP_COMMIT.carry_out(placed)
