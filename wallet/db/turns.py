"""One at a time, where there is no row to lock: the application's role may not lock rows that it
may not change, such as those of append-only tables."""

from __future__ import annotations

from django.db import connection


def take_turn(name: str) -> None:
    """Until the end of this transaction, let no other take the turn of this name.

    SQLite has one writer, so it's always ours there.
    """
    assert connection.in_atomic_block
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
