"""Corrections that two people agreed on: adjust, and resolve what is in suspense.

They are rare, so each runs alone and is written through the ORM. The actor is the person who
approved it, and the context's key names the agreement: the same key again returns the first
Transaction, marked `is_replay`, and moves nothing. Limits and freezing don't apply.
"""

from __future__ import annotations

from ledger.errors import (
    AlreadyResolved,
    InvalidAmount,
    KeyReused,
    MoneyGone,
    NotAdjustable,
    NotInSuspense,
    NoWayBack,
    PayerUnknown,
    UnknownAccount,
)
from ledger.kinds import ADJUSTMENT, ASSIGNMENT, RETURN
from ledger.models import Attempt, Transaction
from ledger.operations import rules
from ledger.operations.entries import now_for, write_entries
from ledger.operations.orders import Order
from ledger.status import Status
from wallet import house
from wallet.context import Context
from wallet.db.retries import committed
from wallet.models import Account
from wallet.money import format_money

# Adjustments never touch the first; they touch the second only to settle an item.
IN_TRANSIT_ID, SUSPENSE_ID = house.IN_TRANSIT.id, house.SUSPENSE.id


@committed
def assign(context: Context, *, item_id: int, account_id: int) -> Transaction:
    """Give the whole amount of an item in suspense to a member's account, once.

    Raises NotInSuspense, AlreadyResolved, UnknownAccount, KeyReused or Busy.
    """
    item = Transaction.objects.get(pk=item_id)
    words = f"Assigned from {item.reference}"
    order = Order(ASSIGNMENT, item.amount_cents, target_id=account_id, description=words)
    return carry_out(context, order, item)


@committed
def return_to_payer(
    context: Context, *, item_id: int, rail_code: str, phone: str = ""
) -> Transaction:
    """Pay the whole amount of an item in suspense out to its payer, once.

    It stays PENDING with an attempt until the rail answers, unless the rail answers instantly.
    `phone` (E.164) is the payer's. If it fails, the money is back in suspense and the item open.
    Raises as `assign` and `refuse_return`.
    """
    item = Transaction.objects.get(pk=item_id)
    refuse_return(item.amount_cents, rail_code, phone)
    words = f"Return of {item.reference}"
    order = Order(RETURN, item.amount_cents, rail_code=rail_code, description=words)
    return carry_out(context, order, item, phone=phone)


def refuse_return(amount_cents: int, rail_code: str, phone: str) -> None:
    """Refuse what a rail can't pay out. Raises NoWayBack, RailAmount or PayerUnknown."""
    if not rail_code:
        raise NoWayBack
    order = Order(RETURN, amount_cents, rail_code=rail_code)
    rules.refuse_rail(order)
    assert order.rail
    if order.rail.needs_phone and not phone:
        raise PayerUnknown


@committed
def adjust(
    context: Context, *, source_id: int, target_id: int, amount_cents: int, item_id: int | None
) -> Transaction:
    """Move an amount from one account to another, once. Both may be house or member accounts.

    `item_id` is an item in suspense that this settles, by its whole amount. Raises NotAdjustable,
    NotInSuspense, AlreadyResolved, MoneyGone, UnknownAccount, KeyReused or Busy.
    """
    item = Transaction.objects.get(pk=item_id) if item_id else None
    refuse_sides(source_id, target_id, amount_cents, item)
    words = f"Adjustment for {item.reference}" if item else "Adjustment"
    order = Order(ADJUSTMENT, amount_cents, source_id, target_id, words)
    return carry_out(context, order, item)


def refuse_sides(
    source_id: int, target_id: int, amount_cents: int, item: Transaction | None
) -> None:
    """Refuse accounts that no adjustment may name. Constraints stand behind this.

    Raises InvalidAmount, NotAdjustable, and NotInSuspense when the item doesn't fit.
    """
    if type(amount_cents) is not int or amount_cents <= 0:
        raise InvalidAmount
    sides = {source_id, target_id}
    if len(sides) == 1 or IN_TRANSIT_ID in sides or (SUSPENSE_ID in sides) != bool(item):
        raise NotAdjustable
    if item is None:
        return
    # What suspense holds too much goes out of it, and what it lacks comes in.
    own_side = {1: source_id, -1: target_id}.get(item.suspense_sign)
    if own_side != SUSPENSE_ID or item.amount_cents != amount_cents:
        raise NotInSuspense(reference=item.reference)


def carry_out(
    context: Context, order: Order, item: Transaction | None, phone: str = ""
) -> Transaction:
    """Lock, replay, check, write: in the open database transaction."""
    assert context.actor_id
    assert context.key
    wallets = lock_wallets(order)
    earlier = Transaction.objects.filter(
        created_by=context.actor_id, idempotency_key=context.key
    ).first()
    if earlier:
        return replay(earlier, order, item)
    if item:
        refuse_resolved(item)
    source = wallets.get(order.source_id or 0)
    if source and source.balance_cents < order.amount_cents:
        available, wanted = format_money(source.balance_cents), format_money(order.amount_cents)
        raise MoneyGone(available=available, wanted=wanted)
    return write(context, order, wallets, item, phone)


def lock_wallets(order: Order) -> dict[int, Account]:
    """The members' accounts of an order by id, locked lowest id first. House accounts never are."""
    ids = [id for id in order.account_ids if id > 0]
    # Only wallets: no correction reaches into what a member has put aside.
    found = Account.objects.filter(kind=Account.Kind.WALLET)
    wallets = found.select_for_update().order_by("pk").in_bulk(ids)
    if len(wallets) < len(ids):
        raise UnknownAccount
    return wallets


def replay(earlier: Transaction, order: Order, item: Transaction | None) -> Transaction:
    """What this key already made. Raises KeyReused if that was another order."""
    if Order.of(earlier) != order or earlier.resolves_id != (item and item.pk):
        raise KeyReused(reference=earlier.reference)
    earlier.is_replay = True
    return earlier


def refuse_resolved(item: Transaction) -> None:
    """The unique constraint stands behind this; a lost race comes here again."""
    if not item.suspense_sign:
        raise NotInSuspense(reference=item.reference)
    if resolved_by := item.resolution:
        raise AlreadyResolved(reference=resolved_by.reference)


def write(
    context: Context,
    order: Order,
    wallets: dict[int, Account],
    item: Transaction | None,
    phone: str = "",
    *,
    part_of: Transaction | None = None,
) -> Transaction:
    """Write the transaction, its entries, the balances, and the attempt of one that waits."""
    assert context.actor_id
    now = now_for(*wallets.values())
    is_settled = order.is_instant
    record = Transaction.objects.create(
        type=order.kind.code,
        rail=order.rail.code if order.rail else "",
        status=Status.SUCCESS if is_settled else Status.PENDING,
        amount_cents=order.amount_cents,
        from_account_id=order.source_id,
        to_account_id=order.target_id,
        description=order.description,
        created_by_id=context.actor_id,
        idempotency_key=context.key,
        resolves=item,
        part_of=part_of,
        created_at=now,
        settled_at=now if is_settled else None,
    )
    write_entries(record, order.postings(is_settled=is_settled), *wallets.values())
    if not is_settled:
        Attempt.objects.create(
            transaction=record,
            is_payout=True,
            rail=record.rail,
            phone=phone,
            state=Attempt.State.READY,
            created_at=now,
            next_look_at=now,
        )
    return record
