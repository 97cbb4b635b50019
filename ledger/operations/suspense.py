"""Put money that a rail moved, and that no order of ours explains, into suspense."""

from __future__ import annotations

from ledger.kinds import Kind
from ledger.models import Transaction
from ledger.operations.corrections import resolution_of, write
from ledger.operations.orders import Order
from wallet.context import Context
from wallet.db.retries import committed


@committed
def hold_in_suspense(
    kind: Kind,
    *,
    rail_code: str,
    amount_cents: int,
    actor_id: int,
    key: str,
    description: str,
    resolves_id: int | None = None,
) -> Transaction:
    """Write the entries of a stray payment, once for each `key`.

    `kind` is STRAY_IN or STRAY_OUT, the amount whole cents, and the actor the one whose order it
    belongs to, if it belongs to any. The same key again returns the first Transaction, marked
    `is_replay`, whatever amount it then names: the first message of a rail counts. `resolves_id` is
    an item whose return was paid after all: this resolves it, unless something else has since.
    """
    order = Order(kind, amount_cents, rail_code=rail_code, description=description)
    assert not order.account_ids
    earlier = Transaction.objects.filter(created_by=actor_id, idempotency_key=key).first()
    if earlier:
        earlier.is_replay = True
        return earlier
    item = Transaction.objects.get(pk=resolves_id) if resolves_id else None
    if item and item.amount_cents != amount_cents:
        item = None
    if item and resolution_of(item.pk):
        item = None
    return write(Context(actor_id, key=key), order, {}, item)
