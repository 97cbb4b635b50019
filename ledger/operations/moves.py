"""Deposit, transfer, withdraw, reverse."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.utils import timezone

from ledger.errors import AmountRefused, NotReversible
from ledger.kinds import DEPOSIT, TRANSFER, WITHDRAWAL
from ledger.models import Transaction
from ledger.operations import rules, statements
from ledger.operations.execution import replay
from ledger.operations.group_commit import GROUP_COMMIT
from ledger.operations.most import name_most
from ledger.operations.orders import Order, PlacedOrder
from ledger.operations.statements import Hold
from ledger.querysets import nairobi_day
from wallet import log_facts, metrics
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

    `amount_cents` is whole cents. The context holds the actor and the idempotency key. The same
    key with the same order returns the first Transaction, marked `is_replay`, and moves nothing.
    `at` defaults to now; generated histories set it.

    Raises InvalidAmount, TransactionLimitReached, RailAmount, BalanceLimitReached, AccountClosed,
    UnknownAccount, KeyReused or Busy.
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
    """Move money from one member's account to another's, once. Same arguments as `deposit`.

    Also raises SelfTransfer, AccountFrozen, PayoutsOnHold, InsufficientFunds, DailyLimitReached,
    LowerLimitReached or RecipientLimitReached.
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
    """Pay money out of a member's account over the rail, once. Same arguments as `deposit`.

    Also raises AccountFrozen, PayoutsOnHold, InsufficientFunds, DailyLimitReached or
    LowerLimitReached.
    """
    order = Order(WITHDRAWAL, amount_cents, source_id=account_id, description=description)
    return perform(context, order, at=at)


def reverse(context: Context, *, transaction_id: int, at: datetime | None = None) -> Transaction:
    """Take back the whole amount of a completed deposit or transfer, once.

    The actor is the member of staff who approved it. The receiving wallet must still hold the
    money; it may be frozen or closed.

    Raises NotReversible, AlreadyReversed, RestClaimed, MoneyGone, KeyReused or Busy.
    """
    record = Transaction.objects.get(pk=transaction_id)
    if not record.is_reversible:
        raise NotReversible(reference=record.reference)
    return perform(context, Order.reversal_of(record), at=at)


class Preview(NamedTuple):
    """What an order would cost, and the member's balance after it."""

    fee_cents: int
    balance_after_cents: int


def preview(order: Order) -> Preview:
    """What would become of the member's wallet if this order were carried out and settled now.

    Locks nothing, so balance and fee may have changed by the time of the order. Raises the Refusal
    that the order would raise.
    """
    rules.refuse_nonsense(order)
    batch = [PlacedOrder(order, actor_id=0, key=None)]
    now = timezone.now()
    holdings, [facts] = statements.read(batch, nairobi_day(now), Hold.NOTHING)
    try:
        rules.check(order, holdings, facts.sent_cents, facts.fee_cents, now, is_preview=True)
    except AmountRefused as refusal:
        raise name_most(refusal, order, holdings, facts, now) from None
    own = holdings[order.account_ids[0] if order.source_id is None else order.source_id]
    postings = order.postings(is_settled=True, fee_cents=facts.fee_cents)
    after_cents = own.balance_cents + sum(cents for id, cents in postings if id == own.id)
    return Preview(facts.fee_cents, after_cents)


def check_payer(order: Order) -> None:
    """Raise the Refusal that the payer's own wallet is a reason for, without looking at the payee.

    So someone who can't pay gets the same answer for a payee who exists and for one who doesn't.
    """
    assert order.source_id is not None
    rules.refuse_nonsense(order)
    batch = [PlacedOrder(order, actor_id=0, key=None)]
    holdings, [facts] = statements.read(batch, nairobi_day(), Hold.NOTHING)
    source = holdings[order.source_id]
    rules.check_out(order, source, facts.sent_cents, facts.fee_cents, timezone.now())


def find_earlier(context: Context, order: Order) -> Transaction | None:
    """The transaction this key already made, if any. Raises KeyReused if it was another order."""
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
    """Carry out an order of any kind. `deposit`, `transfer` and `withdraw` are shortcuts for it.

    The `precondition` is checked once the accounts are locked. If its check raises, nothing moves
    and the caller gets that error.
    """
    assert context.actor_id is not None, "an order needs an actor"
    outcome = "failed"
    try:
        rules.refuse_nonsense(order)
        placed = PlacedOrder(order, context.actor_id, context.key, at, precondition)
        record = GROUP_COMMIT.carry_out(placed)
        outcome = "replayed" if record.is_replay else record.status
    except Exception as error:
        outcome = getattr(error, "code", outcome)
        raise
    finally:
        metrics.orders(order.kind.code, outcome).inc()
    log_facts.note(actor=context.actor_id, reference=record.reference)
    return record
