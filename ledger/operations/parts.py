"""Reverse a part of a deposit or a transfer. Two people of finance agreed on it.

Partial reversals are rare, so each runs alone and is written through the ORM, like corrections. All
of one transaction lock the same wallet, so two at the same time can't take back more than its
amount. A trigger stands behind that (`ledger/part_guards.py`).
"""

from __future__ import annotations

from ledger.errors import InvalidAmount, KeyReused, MoneyGone, NotReversible, PartTooLarge
from ledger.models import Claim, Transaction
from ledger.operations.corrections import lock_wallets, write
from ledger.operations.orders import Order
from wallet.context import Context
from wallet.db.retries import committed
from wallet.money import format_money


@committed
def reverse_part(context: Context, *, transaction_id: int, amount_cents: int) -> Transaction:
    """Take back `amount_cents` of a completed deposit or transfer, once for the context's key.

    The actor is the person who approved it. The receiving wallet must still hold the money; it may
    be frozen or closed. Raises NotReversible, InvalidAmount, PartTooLarge, MoneyGone, KeyReused or
    Busy.
    """
    assert context.actor_id
    assert context.key
    record = Transaction.objects.get(pk=transaction_id)
    if not record.is_reversible:
        raise NotReversible(reference=record.reference)
    if type(amount_cents) is not int or amount_cents <= 0:
        raise InvalidAmount
    order = Order.part_of(record, amount_cents)
    wallets = lock_wallets(order)
    made = Transaction.objects.filter(created_by=context.actor_id, idempotency_key=context.key)
    if earlier := made.first():
        return replay(earlier, order, record)
    refuse_more_than_left(record, amount_cents)
    source = wallets[order.source_id or 0]
    if source.balance_cents < amount_cents:
        available, wanted = format_money(source.balance_cents), format_money(amount_cents)
        raise MoneyGone(available=available, wanted=wanted)
    return write(context, order, wallets, None, part_of=record)


def replay(earlier: Transaction, order: Order, record: Transaction) -> Transaction:
    """What this key already made. Raises KeyReused if that was another order."""
    if Order.of(earlier) != order or earlier.part_of_id != record.pk:
        raise KeyReused(reference=earlier.reference)
    earlier.is_replay = True
    return earlier


def refuse_more_than_left(record: Transaction, amount_cents: int) -> None:
    """What an open claim takes from later deposits isn't left for anything else.

    Call it with the wallets locked, so that two partial reversals can't both pass.
    """
    claims = Claim.objects.open().filter(original=record)
    left_cents = left_of(record) - sum(claim.left_cents for claim in claims)
    if amount_cents > left_cents:
        left, wanted = format_money(left_cents), format_money(amount_cents)
        raise PartTooLarge(reference=record.reference, left=left, wanted=wanted)


def left_of(record: Transaction) -> int:
    """The cents of it that no reversal has taken back yet, read afresh."""
    if Transaction.objects.filter(reverses=record.pk).exists():
        return 0
    return record.amount_cents - Transaction.objects.parts_cents(record.pk)
