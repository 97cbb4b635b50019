"""Write rows of the history in bulk, past the models."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.db.backends.utils import CursorWrapper

RECORD_COLUMNS = (
    "id, reference, type, rail, status, amount_cents, from_account_id, to_account_id, description, "
    "created_by_id, idempotency_key, created_at, settled_at"
)
ENTRY_COLUMNS = "transaction_id, account_id, amount_cents, balance_after_cents, created_at"

type Row = tuple[int | str | datetime | None, ...]


def new_ids(cursor: CursorWrapper, table: str, number: int) -> list[int]:
    """Unused ids, lowest first. No other session gets them."""
    if connection.vendor == "postgresql":
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            (table, number),
        )
        return [id for (id,) in cursor.fetchall()]
    # This transaction already holds the one write lock.
    cursor.execute(f"SELECT COALESCE(MAX(id), 0) FROM {table}")  # nosec B608: constants
    last = cursor.fetchone()[0]
    return list(range(last + 1, last + 1 + number))


def insert(cursor: CursorWrapper, table: str, columns: str, rows: list[Row]) -> None:
    if connection.vendor == "postgresql":
        # COPY is one statement, so the trigger that checks the sum of entries sees all of them.
        with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    blanks = ", ".join(["%s"] * len(rows[0]))
    insert = f"INSERT INTO {table} ({columns}) VALUES ({blanks})"  # nosec B608: constants
    cursor.executemany(insert, rows)


def set_balances(cursor: CursorWrapper, balances: dict[int, int]) -> None:
    if connection.vendor == "postgresql":
        cursor.execute(
            "UPDATE wallet_account SET balance_cents = fresh.cents"
            " FROM unnest(%s::bigint[], %s::bigint[]) fresh (id, cents)"
            " WHERE wallet_account.id = fresh.id",
            (list(balances), list(balances.values())),
        )
        return
    rows = [(cents, id) for id, cents in balances.items()]
    cursor.executemany("UPDATE wallet_account SET balance_cents = %s WHERE id = %s", rows)
