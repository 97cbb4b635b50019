"""Recompute the books from the rows with plain SQL. Uses no code of the operations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

WRONG = {
    "a member's balance is below zero": """
        SELECT id FROM wallet_account WHERE balance_cents < 0""",
    "a balance is not the sum of its entries": """
        SELECT account.id FROM wallet_account account
        LEFT JOIN ledger_entry entry ON entry.account_id = account.id
        WHERE account.user_id IS NOT NULL
        GROUP BY account.id, account.balance_cents
        HAVING account.balance_cents <> COALESCE(SUM(entry.amount_cents), 0)""",
    "a transaction's entries do not sum to zero": """
        SELECT transaction_id FROM ledger_entry GROUP BY transaction_id
        HAVING SUM(amount_cents) <> 0""",
    "a transaction has no entries, or an unsettled deposit has some": """
        SELECT t.id FROM ledger_transaction t
        WHERE (t.type = 'DEPOSIT' AND t.status <> 'SUCCESS')
            = EXISTS (SELECT 1 FROM ledger_entry e WHERE e.transaction_id = t.id)""",
    "a running balance is broken": """
        SELECT id FROM (
            SELECT id, balance_after_cents,
                   SUM(amount_cents) OVER (PARTITION BY account_id ORDER BY id) AS running
            FROM ledger_entry WHERE account_id > 0) lines
        WHERE balance_after_cents <> running""",
    "a key names two transactions": """
        SELECT created_by_id FROM ledger_transaction WHERE idempotency_key IS NOT NULL
        GROUP BY created_by_id, idempotency_key HAVING COUNT(*) > 1""",
    "money in transit is not the sum of pending payouts": """
        SELECT 1 WHERE
            (SELECT COALESCE(SUM(amount_cents), 0) FROM ledger_entry WHERE account_id = -2)
         <> (SELECT COALESCE(SUM(amount_cents + fee_cents), 0) FROM ledger_transaction
             WHERE type IN ('WITHDRAW', 'RETURN') AND status = 'PENDING')""",
}


def assert_books_right() -> None:
    with connection.cursor() as cursor:
        for claim, sql in WRONG.items():
            cursor.execute(sql)
            rows = cursor.fetchall()
            assert not rows, f"{claim}: {rows[:5]}"


def total_in_wallets() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(SUM(balance_cents), 0) FROM wallet_account")
        return int(cursor.fetchone()[0])


@contextmanager
def nothing_moves() -> Iterator[None]:
    """Fail if the block changes any account, transaction or entry."""
    before = everything()
    yield
    assert everything() == before
    assert_books_right()


def everything() -> list[list[tuple[object, ...]]]:
    rows = []
    with connection.cursor() as cursor:
        for table in ("wallet_account", "ledger_transaction", "ledger_entry"):
            cursor.execute(f"SELECT * FROM {table} ORDER BY id")
            rows.append(cursor.fetchall())
    return rows
