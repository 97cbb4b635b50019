"""Book the money that came in by itself: each receipt of a rail once, whichever message brings it.

The unique receipt of an Arrival decides: of two messages at the same moment, the second waits for
the first, runs again and finds its row.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django.utils import timezone

from ledger.kinds import DEPOSIT
from ledger.models import Arrival, Attempt, Transaction
from ledger.models.attempts import State
from ledger.operations.entries import now_for, write_entries
from ledger.operations.orders import Order
from ledger.payment_errors import ReceiptTaken
from ledger.status import Status
from wallet.db.retries import committed
from wallet.errors import Busy
from wallet.models import Account


class Paid(NamedTuple):
    """What a message says about money that came in. `amount_cents` is whole cents.

    `account_number` is what the payer typed, `event_id` the message, and `attempt_id` the deposit
    that it claims to pay.
    """

    rail: str
    receipt: str
    amount_cents: int
    account_number: str = ""
    payer: str = ""
    paid_at: datetime | None = None
    event_id: int | None = None
    attempt_id: int | None = None


def bind(
    record: Transaction, paid: Paid, arrival: Arrival | None, *, may_be_forged: bool = False
) -> None:
    """Say that this transaction booked the receipt, in the commit that books it.

    `arrival` is what `find` knew of the receipt in this commit, after the accounts were locked.
    When another commit has brought it since, the unique receipt has this one run again. Raises
    ReceiptTaken if another transaction booked it before. A claim, which may be forged, raises Busy
    while another amount under the same receipt waits to be confirmed.
    """
    if arrival is None:
        Arrival.objects.create(**paid._asdict(), transaction=record)
    elif arrival.transaction_id is None:
        columns: dict[str, Any] = {"transaction": record, "next_look_at": None}
        if arrival.amount_cents != paid.amount_cents:
            if may_be_forged:
                raise Busy
            # A message claimed another amount. The database lets only a confirmation correct it.
            columns |= {"amount_cents": paid.amount_cents, "confirmed_at": timezone.now()}
        Arrival.objects.filter(pk=arrival.pk).update(**columns)
    elif arrival.transaction_id != record.pk:
        reference = Transaction.objects.get(pk=arrival.transaction_id).reference
        raise ReceiptTaken(receipt=paid.receipt, reference=reference)


def find(paid: Paid) -> Arrival | None:
    """What is known of this receipt, locked until commit."""
    arrivals = Arrival.objects.select_for_update()
    return arrivals.filter(rail=paid.rail, receipt=paid.receipt).first()


@committed
def expect(paid: Paid) -> Arrival:
    """Keep a payment that its rail has to confirm before it is booked, once for each receipt.

    A worker then asks the rail. Raises Busy.
    """
    if earlier := find(paid):
        return earlier
    now = timezone.now()
    return Arrival.objects.create(**paid._asdict(), next_look_at=now)


@committed
def confirm(arrival: Arrival, amount_cents: int) -> Arrival:
    """Its rail has answered our question: the money came, this much. Raises Busy."""
    waiting = Arrival.objects.waiting().filter(pk=arrival.pk, confirmed_at__isnull=True)
    waiting.update(amount_cents=amount_cents, confirmed_at=timezone.now(), next_look_at=None)
    return Arrival.objects.get(pk=arrival.pk)


@committed
def credit(paid: Paid, *, account_id: int) -> Transaction:
    """Put a payment that its payer started into a wallet, once for each receipt.

    No rule can refuse it: the money has come, so it goes in even if the wallet is frozen, closed or
    over its limit. The same receipt again returns the transaction that booked it, marked
    `is_replay`, wherever that put it.

    Raises ReceiptTaken if the receipt is a payment's that we asked for or sent, and Busy, also
    while another amount under the same receipt waits to be confirmed.
    """
    # Lock first: what is read below must be what this waited for.
    wallets = Account.objects.filter(kind=Account.Kind.WALLET)
    account = wallets.select_for_update().get(pk=account_id)
    arrival = find(paid)
    if arrival and arrival.transaction:
        arrival.transaction.is_replay = True
        return arrival.transaction
    if arrival and arrival.amount_cents != paid.amount_cents:
        raise Busy
    if other := Attempt.objects.filter(rail=paid.rail, receipt=paid.receipt).first():
        raise ReceiptTaken(receipt=paid.receipt, reference=other.transaction.reference)
    order = Order(DEPOSIT, paid.amount_cents, target_id=account_id, rail_code=paid.rail)
    record = write(order, account, paid)
    bind(record, paid, arrival)
    return record


def write(order: Order, account: Account, paid: Paid) -> Transaction:
    """A deposit that is paid already, with its attempt and entries. Its account is locked."""
    now = now_for(account)
    record = Transaction.objects.create(
        type=order.kind.code,
        rail=paid.rail,
        status=Status.SUCCESS,
        amount_cents=order.amount_cents,
        to_account=account,
        created_by_id=account.user_id,
        # With a space, which no key from outside may hold.
        idempotency_key=f"paid {paid.rail} {paid.receipt}",
        created_at=now,
        settled_at=now,
    )
    Attempt.objects.create(
        transaction=record,
        is_payout=False,
        rail=paid.rail,
        state=State.SUCCEEDED,
        receipt=paid.receipt,
        created_at=now,
        sent_at=now,
        ended_at=now,
    )
    write_entries(record, order.postings(is_settled=True), account)
    return record
