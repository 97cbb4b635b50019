"""End a PENDING transaction once its rail has answered: settle it or fail it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.utils import timezone

from ledger.errors import SettledOtherwise
from ledger.models import Transaction
from ledger.operations.orders import Order, Postings
from ledger.operations.statements import (
    ADD_TO_BALANCES,
    CHANGE,
    insert_entries,
    rows_sql,
    to_time,
)
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
END = """
    UPDATE ledger_transaction SET status = %s, settled_at = %s WHERE id = %s AND status = 'PENDING'
"""


def settle(*, transaction_id: int, at: datetime | None = None) -> Transaction:
    """The rail has carried out a transaction: mark it SUCCESS and write its entries, once.

    No rule can refuse it. The money has arrived, so a deposit goes in even if the wallet is
    frozen, closed or over its limit. If the transaction is SUCCESS already, it is returned with
    `is_replay` and nothing moves. `at` defaults to now; generated histories set it.

    Raises SettledOtherwise if it has already failed, or Busy.
    """
    return finish(transaction_id, Status.SUCCESS, at)


def fail(*, transaction_id: int, at: datetime | None = None) -> Transaction:
    """The rail hasn't carried out a transaction and never will: mark it FAILED, once.

    Money set aside for it goes back to the wallet, even a frozen or closed one. Replays like
    `settle`. Raises SettledOtherwise if it has already succeeded, or Busy.
    """
    return finish(transaction_id, Status.FAILED, at)


def finish(transaction_id: int, status: Status, at: datetime | None) -> Transaction:
    record = Transaction.objects.get(pk=transaction_id)
    # A transaction that has ended never changes, so this check needs no lock.
    return replay(record, status) if record.status != Status.PENDING else end(record, status, at)


@committed
def end(record: Transaction, status: Status, at: datetime | None) -> Transaction:
    """Lock the member accounts whose balance changes, then the transaction; check; write."""
    order = Order.of(record)
    shape = order.shape
    postings = order.post(shape.at_settle if status == Status.SUCCESS else shape.at_fail)
    own_ids = sorted({id for id, _cents in postings} & set(order.account_ids))
    accounts, held_status = hold(own_ids, record.pk)
    if held_status != Status.PENDING:
        return replay(Transaction.objects.get(pk=record.pk), status)
    times = [to_time(written_at) for _id, _cents, written_at in accounts if written_at]
    now = max([at or timezone.now(), record.created_at, *times])
    write(record.pk, status, now, postings, {id: cents for id, cents, _at in accounts})
    record.status, record.settled_at = status, now
    return record


def hold(account_ids: Sequence[int], transaction_id: int) -> tuple[list[Row], str]:
    """Lock these accounts and the transaction. Returns the accounts' rows and the status."""
    locks = connection.features.has_select_for_update
    queries = [Statement(STATUS + (" FOR UPDATE" if locks else ""), (transaction_id,))]
    if account_ids:
        ids = rows_sql(1, len(account_ids))
        # A separate statement from the lock: it must read what the lock waited for.
        queries.insert(0, Statement(ACCOUNTS.format(ids=ids), account_ids))
        if locks:
            queries.insert(0, Statement(LOCK_ACCOUNTS.format(ids=ids), account_ids))
    *answers, [[status]] = pipeline.ask(*queries)
    return (answers[-1] if answers else []), status


def write(
    transaction_id: int,
    status: Status,
    now: datetime,
    postings: Postings,
    balances: dict[int, int],
) -> None:
    entries: list[Value] = []
    changes = [Statement(END, (status.value, now, transaction_id))]
    for account_id, cents in postings:
        after = None
        if account_id in balances:
            after = balances[account_id] = balances[account_id] + cents
            sql = ADD_TO_BALANCES.format(changes=CHANGE, ids="(%s)")
            changes.append(Statement(sql, (account_id, cents, account_id)))
        entries += (transaction_id, account_id, cents, after, now)
    if entries:
        changes.append(insert_entries(entries))
    pipeline.send(*changes)


def replay(record: Transaction, status: Status) -> Transaction:
    """The transaction, if it has this status. Raises SettledOtherwise if it has another."""
    if record.status != status:
        badge = record.status_badge
        raise SettledOtherwise(reference=record.reference, status=str(badge.word).lower())
    record.is_replay = True
    return record
