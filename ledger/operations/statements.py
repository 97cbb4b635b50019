"""The statements of a money operation, as SQL.

Written out because building them through the ORM costs more than running them (`make bench`
shows it), and because this is the one place where exactly what is sent matters. The same text
runs on both engines; SQLite has no row locks and needs none, since BEGIN IMMEDIATE takes its
one write lock. They go to the database in two trips: what is read, and what is written with
the COMMIT.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from django.db import connection

from ledger.models import Transaction
from ledger.operations.orders import Order
from ledger.operations.rules import Holding
from ledger.querysets import day_start, next_day_start
from wallet import pipeline
from wallet.models import Account
from wallet.pipeline import Condition, Statement, Value

WALLETS = """
    SELECT user_id, id FROM wallet_account
    WHERE user_id BETWEEN %s AND %s AND kind = 'wallet' AND currency = 'KES'"""
WALLETS_AT_ONCE = 2**8
WALLETS_AT_MOST = 2**18
# By user id, those that this process has met.
wallet_ids: dict[int, int] = {}

HOLDINGS = """
    SELECT account.id, account.balance_cents, account.is_frozen, owner.is_active
    FROM wallet_account account JOIN wallet_user owner ON owner.id = account.user_id
    WHERE account.id IN (%s, %s) ORDER BY account.id"""

# The owner's row is shared, so that somebody who is being deactivated is waited for.
FOR_UPDATE = " FOR UPDATE OF account FOR SHARE OF owner"
HOLD = HOLDINGS + (FOR_UPDATE if connection.features.has_select_for_update else "")

# The day has an end for PostgreSQL's planner, which takes an open one for a third of all time
# and then plans each order anew.
FACTS = """
    SELECT
        (SELECT id FROM ledger_transaction WHERE created_by_id = %s AND idempotency_key = %s)
            AS earlier_id,
        (SELECT CAST(COALESCE(SUM(amount_cents), 0) AS BIGINT) FROM ledger_transaction
         WHERE from_account_id = %s AND created_at >= %s AND created_at < %s
           AND status <> 'FAILED' AND type <> 'REVERSAL')
            AS sent_cents"""

# Taken beforehand, so that all that is written can go without waiting for an answer.
NEXT_ID = {
    "postgresql": "nextval('ledger_transaction_id_seq')",
    "sqlite": """(
        SELECT COALESCE(MAX(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'ledger_transaction')""",
}
FACTS_AND_ID = f"{FACTS}, {NEXT_ID[connection.vendor]} AS id"

ADD_TO_BALANCES = """
    UPDATE wallet_account
    SET balance_cents = CASE WHEN id = %s THEN balance_cents + %s ELSE balance_cents + %s END
    WHERE id IN (%s, %s)"""

INSERT_TRANSACTION = """
    INSERT INTO ledger_transaction
        (id, reference, type, status, amount_cents, from_account_id, to_account_id, description,
         created_by_id, idempotency_key, reverses_id, created_at, settled_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""

INSERT_ENTRIES = """
    INSERT INTO ledger_entry
        (transaction_id, account_id, amount_cents, balance_after_cents, created_at)
    VALUES """
ENTRY_ROW = "(%s, %s, %s, %s, %s)"


class Facts(NamedTuple):
    """What the books say of an order: the transaction its key already names, what left the
    source on its day, and the id of its transaction if it is carried out."""

    earlier_id: int | None
    sent_cents: int
    next_id: int


def wallet_id(user_id: int) -> int:
    """The account id of a user's primary wallet, which never changes, so it is read once.

    Its neighbours come along, because a way to the database costs more than their rows.
    Raises Account.DoesNotExist.
    """
    if (known := wallet_ids.get(user_id)) is not None:
        return known
    first = user_id - user_id % WALLETS_AT_ONCE
    [found] = pipeline.ask(Statement(WALLETS, (first, first + WALLETS_AT_ONCE - 1)))
    if len(wallet_ids) > WALLETS_AT_MOST:
        wallet_ids.clear()
    wallet_ids.update(found)
    for owner_id, account_id in found:
        if owner_id == user_id:
            return int(account_id)
    raise Account.DoesNotExist


def read(
    order: Order,
    *,
    actor_id: int,
    key: str | None,
    day: date,
    lock: bool,
    condition: Condition | None = None,
) -> tuple[dict[int, Holding], Facts]:
    """The member accounts of the order by id, and the facts; with `lock`, held until commit.

    Lowest id first, so that two opposite transfers wait instead of deadlocking. The facts are
    read by a statement of their own, which starts once the accounts are held, and so is the
    `condition`. Raises what it raises.
    """
    ids = order.account_ids
    rows, [facts], *answers = pipeline.ask(
        Statement(HOLD if lock else HOLDINGS, (ids[0], ids[-1])),
        Statement(FACTS_AND_ID if lock else FACTS, about(order, actor_id, key, day)),
        *([condition.statement] if condition else []),
    )
    if condition:
        condition.check(*answers)
    holdings = {row[0]: Holding(row[0], row[1], bool(row[2]), bool(row[3])) for row in rows}
    return holdings, Facts(facts[0], facts[1], facts[2] if lock else 0)


def read_facts(order: Order, *, actor_id: int, key: str | None, day: date) -> Facts:
    """The facts by themselves, while the accounts are held already."""
    [[facts]] = pipeline.ask(Statement(FACTS_AND_ID, about(order, actor_id, key, day)))
    return Facts(*facts)


def about(order: Order, actor_id: int, key: str | None, day: date) -> tuple[Value, ...]:
    """What FACTS asks about."""
    return (actor_id, key, order.source_id, day_start(day), next_day_start(day))


def write(record: Transaction, order: Order, holdings: dict[int, Holding]) -> None:
    """Write the balances, the transaction and its entries, by the commit at the latest."""
    changes = [(id, cents) for id, cents in order.postings() if id in holdings]
    (first, first_cents), (last, last_cents) = changes[0], changes[-1]
    at = record.created_at
    order_columns = (record.reference, record.type, record.status, record.amount_cents)
    parties = (record.from_account_id, record.to_account_id, record.description)
    origin = (record.created_by_id, record.idempotency_key, record.reverses_id, at, at)
    rows: list[Value] = []
    for account_id, cents in order.postings():
        held = holdings.get(account_id)
        after = held.balance_cents + cents if held else None
        rows += (record.pk, account_id, cents, after, at)
    values = ", ".join([ENTRY_ROW] * (len(rows) // 5))
    pipeline.send(
        Statement(ADD_TO_BALANCES, (first, first_cents, last_cents, first, last)),
        Statement(INSERT_TRANSACTION, (record.pk, *order_columns, *parties, *origin)),
        Statement(INSERT_ENTRIES + values, rows),
    )
