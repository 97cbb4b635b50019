"""The statements of a money operation, as SQL.

Written out because building them through the ORM costs more than running them (`make bench`
shows it), and because this is the one place where exactly what is sent matters. The same text
runs on both engines; SQLite has no row locks and needs none, since BEGIN IMMEDIATE takes its
one write lock.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from django.db import connection
from django.db.backends.utils import CursorWrapper

from ledger.models import Transaction
from ledger.operations.orders import Order
from ledger.operations.rules import Holding
from wallet.models import Account

HOLDINGS = """
    SELECT account.id, account.balance_cents, account.is_frozen, owner.is_active
    FROM wallet_account account JOIN wallet_user owner ON owner.id = account.user_id
    WHERE account.id IN (%s, %s) ORDER BY account.id"""

# The owner's row is shared, so that somebody who is being deactivated is waited for.
FOR_UPDATE = " FOR UPDATE OF account FOR SHARE OF owner"

FACTS = """
    SELECT
        (SELECT id FROM ledger_transaction WHERE created_by_id = %s AND idempotency_key = %s),
        (SELECT COALESCE(SUM(amount_cents), 0) FROM ledger_transaction
         WHERE from_account_id = %s AND created_at >= %s AND status <> 'FAILED'
           AND type <> 'REVERSAL')"""

ADD_TO_BALANCES = """
    UPDATE wallet_account
    SET balance_cents = balance_cents + CASE WHEN id = %s THEN %s ELSE %s END
    WHERE id IN (%s, %s)"""

INSERT_TRANSACTION = """
    INSERT INTO ledger_transaction
        (reference, type, status, amount_cents, from_account_id, to_account_id, description,
         created_by_id, idempotency_key, reverses_id, created_at, settled_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id"""

INSERT_ENTRIES = """
    INSERT INTO ledger_entry
        (transaction_id, account_id, amount_cents, balance_after_cents, created_at)
    VALUES """
ENTRY_ROW = "(%s, %s, %s, %s, %s)"


@lru_cache(maxsize=2**16)
def wallet_id(user_id: int) -> int:
    """The account id of a user's primary wallet, which never changes, so it is read once.

    Raises Account.DoesNotExist.
    """
    return Account.objects.values_list("pk", flat=True).get(
        user_id=user_id, kind=Account.Kind.WALLET, currency=Account.Currency.KES
    )


def read_holdings(cursor: CursorWrapper, order: Order, *, lock: bool) -> dict[int, Holding]:
    """The member accounts of the order by id; with `lock`, held until commit.

    Lowest id first, so that two opposite transfers wait instead of deadlocking.
    """
    ids = order.account_ids
    has_row_locks = connection.features.has_select_for_update
    cursor.execute(HOLDINGS + (FOR_UPDATE if lock and has_row_locks else ""), (ids[0], ids[-1]))
    rows = cursor.fetchall()
    return {row[0]: Holding(row[0], row[1], bool(row[2]), bool(row[3])) for row in rows}


def read_facts(
    cursor: CursorWrapper, order: Order, *, actor_id: int, key: str | None, since: datetime
) -> tuple[int | None, int]:
    """(id of the transaction the key already names, cents that left the source `since` then)."""
    cursor.execute(FACTS, (actor_id, key, order.source_id, adapted(since)))
    earlier_id, sent_cents = cursor.fetchone()
    return earlier_id, int(sent_cents)


def write(
    cursor: CursorWrapper, record: Transaction, order: Order, holdings: dict[int, Holding]
) -> None:
    """Write the balances, the transaction and its entries. Sets `record.pk`."""
    changes = [(id, cents) for id, cents in order.postings() if id in holdings]
    (first, first_cents), (last, last_cents) = changes[0], changes[-1]
    cursor.execute(ADD_TO_BALANCES, (first, first_cents, last_cents, first, last))
    at = adapted(record.created_at)
    order_columns = (record.reference, record.type, record.status, record.amount_cents)
    parties = (record.from_account_id, record.to_account_id, record.description)
    origin = (record.created_by_id, record.idempotency_key, record.reverses_id, at, at)
    cursor.execute(INSERT_TRANSACTION, (*order_columns, *parties, *origin))
    (record.pk,) = cursor.fetchone()
    rows: list[int | str | datetime | None] = []
    for account_id, cents in order.postings():
        held = holdings.get(account_id)
        after = held.balance_cents + cents if held else None
        rows += (record.pk, account_id, cents, after, at)
    values = ", ".join([ENTRY_ROW] * (len(rows) // 5))
    cursor.execute(INSERT_ENTRIES + values, rows)


def adapted(at: datetime) -> datetime | str | None:
    """A moment as this engine stores it: the ORM would have seen to that."""
    return connection.ops.adapt_datetimefield_value(at)
