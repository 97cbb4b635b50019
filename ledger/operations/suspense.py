"""Put money that a rail moved, and that no order of ours explains, into suspense."""

from __future__ import annotations

from datetime import datetime

from ledger.kinds import STRAY_IN, Kind
from ledger.models import Transaction
from ledger.operations import arrivals
from ledger.operations.arrivals import Paid
from ledger.operations.entries import now_for, write_entries
from ledger.operations.orders import Order
from ledger.status import Status
from wallet.db.retries import committed


@committed
def hold_in_suspense(
    kind: Kind,
    *,
    paid: Paid,
    actor_id: int | None,
    key: str,
    description: str,
    resolves_id: int | None = None,
    may_be_forged: bool = False,
) -> Transaction:
    """Write the entries of a stray payment, once for each `key` and once for each receipt.

    `kind` is STRAY_IN or STRAY_OUT, and the actor the one whose order it belongs to, if it belongs
    to any. The same key or receipt again returns the first Transaction, marked `is_replay`,
    whatever amount it then names: the first message of a rail counts. `resolves_id` is an item
    whose return was paid after all: this resolves it, unless something else has since.
    Raises Busy, also if the message may be forged while another amount under its receipt waits to
    be confirmed.
    """
    order = Order(kind, paid.amount_cents, rail_code=paid.rail, description=description)
    assert not order.account_ids
    comes_in = kind is STRAY_IN and bool(paid.receipt)
    arrival = arrivals.find(paid) if comes_in else None
    made = Transaction.objects.filter(created_by=actor_id, idempotency_key=key)
    if earlier := (arrival and arrival.transaction) or made.first():
        earlier.is_replay = True
        return earlier
    item = Transaction.objects.get(pk=resolves_id) if resolves_id else None
    if item and (item.amount_cents != paid.amount_cents or item.resolution):
        item = None
    record = write_unordered(order, actor_id=actor_id, key=key, at=now_for(), resolves=item)
    if comes_in:
        arrivals.bind(record, paid, arrival, may_be_forged=may_be_forged)
    return record


def write_unordered(
    order: Order,
    *,
    actor_id: int | None,
    key: str,
    at: datetime,
    resolves: Transaction | None = None,
) -> Transaction:
    """Write a transaction of house accounts alone: no member ordered it and no wallet changes."""
    record = Transaction.objects.create(
        type=order.kind.code,
        rail=order.rail_code,
        status=Status.SUCCESS,
        amount_cents=order.amount_cents,
        description=order.description,
        created_by_id=actor_id,
        idempotency_key=key,
        resolves=resolves,
        created_at=at,
        settled_at=at,
    )
    write_entries(record, order.postings(is_settled=True))
    return record
