"""End a PENDING transaction: settle it or fail it as its rail says, or cancel it unsent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from ledger.errors import SettledOtherwise
from ledger.kinds import Side
from ledger.models import Transaction
from ledger.models.attempts import State
from ledger.operations import arrivals
from ledger.operations.charges import write_charge
from ledger.operations.orders import Order, Postings
from ledger.operations.statements import (
    ADD_TO_BALANCES,
    CHANGE,
    OPEN_FROM,
    insert_entries,
    rows_sql,
)
from ledger.payment_errors import AlreadySent, NeverSent, ReceiptTaken, Superseded
from ledger.querysets import to_time
from ledger.status import Status
from wallet.db import pipeline
from wallet.db.pipeline import Row, Statement, Value
from wallet.db.retries import committed

# Includes the time of the account's last entry: time must not run backwards along an account.
ACCOUNTS = """
    SELECT id, balance_cents,
           (SELECT created_at FROM ledger_entry WHERE account_id = wallet_account.id
            ORDER BY id DESC LIMIT 1)
    FROM wallet_account WHERE id IN {ids} ORDER BY id"""
LOCK_ACCOUNTS = "SELECT id FROM wallet_account WHERE id IN {ids} ORDER BY id FOR UPDATE"
STATUS = "SELECT status FROM ledger_transaction WHERE id = %s"
ATTEMPT = "SELECT state, fence, sent_at FROM ledger_attempt WHERE transaction_id = %s"
# The other payment that has this receipt. A payout only minds other payouts: what came in under its
# receipt is a forged claim.
TAKEN = """
    SELECT reference FROM ledger_transaction WHERE id = (
        SELECT transaction_id FROM ledger_attempt
        WHERE rail = %s AND receipt = %s AND transaction_id <> %s AND is_payout >= %s LIMIT 1)"""
END = """
    UPDATE ledger_transaction SET status = %s, settled_at = %s WHERE id = %s AND status = 'PENDING'
"""
# After the transaction, with which it has to agree.
END_ATTEMPT = """
    UPDATE ledger_attempt
    SET state = %s, receipt = %s, rail_id = CASE rail_id WHEN '' THEN %s ELSE rail_id END,
        failure_code = %s, failure_words = %s, next_look_at = NULL, lease_until = NULL,
        sent_at = COALESCE(sent_at, %s), ended_at = %s
    WHERE transaction_id = %s"""


class Ending(NamedTuple):
    """How an attempt ends, and what its rail said. `fence` is the worker's who says so, if the
    rail spoke of that worker's request only. `charge_cents` is what the rail took from Nissmart
    for it, if the rail said so. `may_be_forged`: we didn't ask for the message."""

    state: State
    receipt: str = ""
    rail_id: str = ""
    code: str = ""
    words: str = ""
    fence: int | None = None
    charge_cents: int | None = None
    may_be_forged: bool = False

    @property
    def status(self) -> Status:
        """What the transaction then is."""
        return Status.SUCCESS if self.state == State.SUCCEEDED else Status.FAILED


class Held(NamedTuple):
    """What is locked. `attempt` is None of a transaction that took no rail, or an instant one.
    `taken_by` is the reference of the other payment that has the ending's receipt. Nothing is dated
    before `open_from`."""

    accounts: list[Row]
    status: str
    attempt: Row | None
    taken_by: str | None
    open_from: datetime | str | None


def settle(
    *,
    transaction_id: int,
    receipt: str = "",
    rail_id: str = "",
    charge_cents: int | None = None,
    may_be_forged: bool = False,
    at: datetime | None = None,
) -> Transaction:
    """The rail has carried out a transaction: mark it SUCCESS and write its entries, once.

    No rule can refuse it. The money has arrived, so a deposit goes in even if the wallet is
    frozen, closed or over its limit. If the transaction is SUCCESS already, it is returned with
    `is_replay` and nothing moves. `receipt` is the rail's number of the payment, and `rail_id` its
    name for our order. A payout's charge is written in the same commit: `charge_cents`, or what
    the rail's tariff says. `at` defaults to now; generated histories set it.

    Raises SettledOtherwise if it has already failed, NeverSent if no worker has sent it,
    ReceiptTaken if the receipt is another payment's (a payout's: another payout's), or Busy, also
    for what may be forged while another amount under its receipt waits to be confirmed.
    """
    ending = Ending(
        State.SUCCEEDED, receipt, rail_id, charge_cents=charge_cents, may_be_forged=may_be_forged
    )
    return finish(transaction_id, ending, at)


def fail(
    *,
    transaction_id: int,
    code: str = "",
    words: str = "",
    fence: int | None = None,
    at: datetime | None = None,
) -> Transaction:
    """The rail hasn't carried out a transaction and never will: mark it FAILED, once.

    Money set aside for it goes back to the wallet, even a frozen or closed one. `code` and `words`
    are the rail's reason. A `fence` makes it fail only if no other worker has claimed it since.
    Replays like `settle`. Raises SettledOtherwise if it has already succeeded, NeverSent,
    Superseded or Busy.
    """
    return finish(transaction_id, Ending(State.FAILED, code=code, words=words, fence=fence), at)


def cancel(
    *, transaction_id: int, code: str, words: str, before: Callable[[], None] | None = None
) -> Transaction:
    """Give back the money of a transaction that was never sent: make it FAILED, once.

    `before` runs once all is locked, in the same commit, if it isn't cancelled yet. Raises
    SettledOtherwise when it has succeeded, AlreadySent when its rail may know of it, and Busy.
    """
    return finish(transaction_id, Ending(State.CANCELLED, code=code, words=words), None, before)


def finish(
    transaction_id: int,
    ending: Ending,
    at: datetime | None,
    before: Callable[[], None] | None = None,
) -> Transaction:
    record = Transaction.objects.get(pk=transaction_id)
    # A transaction that has ended never changes, so this check needs no lock.
    if record.status != Status.PENDING:
        return replay(record, ending.status)
    return end(record, ending, at, before)


@committed
def end(
    record: Transaction,
    ending: Ending,
    at: datetime | None,
    before: Callable[[], None] | None,
) -> Transaction:
    """Lock the member accounts whose balance changes, the transaction, then its attempt; check;
    write."""
    order = Order.of(record)
    shape = order.shape
    lines = shape.at_settle if ending.status == Status.SUCCESS else shape.at_fail
    postings = order.post(lines, record.fee_cents)
    own_ids = sorted({id for id, _cents in postings} & set(order.account_ids))
    held = hold(own_ids, record, ending.receipt)
    if held.status != Status.PENDING:
        return replay(Transaction.objects.get(pk=record.pk), ending.status)
    if held.attempt:
        check_attempt(record, ending, *held.attempt)
        # The unique constraint stands behind this; a lost race comes here again.
        if held.taken_by:
            raise ReceiptTaken(receipt=ending.receipt, reference=held.taken_by)
    if before:
        before()
    if ending.receipt and record.to_account_id is not None:
        paid = arrivals.Paid(record.rail, ending.receipt, record.amount_cents)
        arrivals.bind(record, paid, arrivals.find(paid), may_be_forged=ending.may_be_forged)
    times = [to_time(written_at) for _id, _cents, written_at in held.accounts if written_at]
    if held.open_from:
        times.append(to_time(held.open_from))
    now = max([at or timezone.now(), record.created_at, *times])
    if held.attempt and ending.status == Status.SUCCESS and shape.target == Side.RAIL:
        write_charge(record, ending.charge_cents, now)
    write(record.pk, ending, now, postings, {id: cents for id, cents, _at in held.accounts})
    record.status, record.settled_at = ending.status, now
    return record


def hold(account_ids: Sequence[int], record: Transaction, receipt: str) -> Held:
    """Lock these accounts, the transaction and its attempt. Then look who has this receipt."""
    lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
    is_payout = record.to_account_id is None
    queries = [
        Statement(STATUS + lock, (record.pk,)),
        Statement(ATTEMPT + lock, (record.pk,)),
        Statement(TAKEN, (record.rail, receipt or None, record.pk, is_payout)),
        Statement(OPEN_FROM),
    ]
    if account_ids:
        ids = rows_sql(1, len(account_ids))
        # A separate statement from the lock: it must read what the lock waited for.
        queries.insert(0, Statement(ACCOUNTS.format(ids=ids), account_ids))
        if lock:
            queries.insert(0, Statement(LOCK_ACCOUNTS.format(ids=ids), account_ids))
    *answers, [[status]], attempts, taken, open_from = pipeline.ask(*queries)
    return Held(
        answers[-1] if answers else [],
        status,
        attempts[0] if attempts else None,
        taken[0][0] if taken else None,
        open_from[0][0] if open_from else None,
    )


def check_attempt(
    record: Transaction, ending: Ending, state: str, fence: int, sent_at: object
) -> None:
    """Refuse an ending that this attempt can't have, while it is locked."""
    reference = record.reference
    if ending.state == State.CANCELLED:
        if sent_at is not None or state not in (State.HELD, State.READY):
            raise AlreadySent(reference=reference)
        return
    if not fence and state in (State.HELD, State.READY):
        raise NeverSent(reference=reference)
    if ending.fence is not None and ending.fence != fence:
        raise Superseded(reference=reference)


def write(
    transaction_id: int,
    ending: Ending,
    now: datetime,
    postings: Postings,
    balances: dict[int, int],
) -> None:
    entries: list[Value] = []
    changes = [Statement(END, (ending.status.value, now, transaction_id))]
    for account_id, cents in postings:
        after = None
        if account_id in balances:
            after = balances[account_id] = balances[account_id] + cents
            sql = ADD_TO_BALANCES.format(changes=CHANGE, ids="(%s)")
            changes.append(Statement(sql, (account_id, cents, account_id)))
        entries += (transaction_id, account_id, cents, after, now)
    if entries:
        changes.append(insert_entries(entries))
    sent_at = None if ending.state == State.CANCELLED else now
    attempt: list[Value] = [ending.state.value, ending.receipt or None, ending.rail_id[:64]]
    attempt += (ending.code[:40], ending.words[:300], sent_at, now, transaction_id)
    changes.append(Statement(END_ATTEMPT, attempt))
    pipeline.send(*changes)


def replay(record: Transaction, status: Status) -> Transaction:
    """The transaction, if it has this status. Raises SettledOtherwise if it has another."""
    if record.status != status:
        badge = record.status_badge
        raise SettledOtherwise(reference=record.reference, status=str(badge.word).lower())
    record.is_replay = True
    return record
