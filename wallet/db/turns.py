"""Advisory locks, where there is no row to lock.

The application's database role can't lock rows of append-only tables.
"""

from __future__ import annotations

from django.db import connection


def lock_name(name: str) -> None:
    """Hold the lock of this name until the end of the transaction.

    SQLite has one writer, so the lock is always free there.
    """
    assert connection.in_atomic_block
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
