"""How the database is. Sizes and rows are the server's own estimates: no table is counted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import connection

from nissmart.metrics.gauges import Gauge, by, gauge, second
from wallet.models import Session

SESSIONS_AT_MOST = 100_000
CONNECTIONS = """
    SELECT coalesce(state, 'other'), count(*), count(*) FILTER (WHERE wait_event_type = 'Lock')
    FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'
    GROUP BY 1"""
TABLES = """
    SELECT relname, greatest(n_live_tup, 0), pg_total_relation_size(relid)
    FROM pg_stat_user_tables WHERE schemaname = current_schema()"""
ARCHIVE = """
    SELECT last_failed_time > coalesce(last_archived_time, '-infinity'),
        greatest(last_archived_time, stats_reset)
    FROM pg_stat_archiver WHERE current_setting('archive_mode') <> 'off'"""
STATES = ("active", "idle", "idle in transaction", "other")


def rows(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def is_postgres() -> bool:
    return connection.vendor == "postgresql"


def size() -> Iterator[Gauge]:
    if is_postgres():
        [[total]] = rows("SELECT pg_database_size(current_database())")
    else:
        name = str(settings.DATABASES["default"]["NAME"])
        files = (name, f"{name}-wal")
        total = sum(os.path.getsize(each) for each in files if os.path.exists(each))
    yield gauge("database_bytes", "The size of the database.", total)


def connections() -> Iterator[Gauge]:
    """Only PostgreSQL has connections. SQLite's gauges have no samples."""
    found = rows(CONNECTIONS) if is_postgres() else []
    counts = dict.fromkeys(STATES, 0) if found else {}
    for state, count, _waiting in found:
        counts[state if state in counts else "other"] += count
    yield by("state", "database_connections", "Connections to the database, by state.", counts)
    yield gauge(
        "database_connections_waiting",
        "Connections that wait for a lock now.",
        sum(waiting for _state, _count, waiting in found) if found else None,
    )
    most = int(rows("SHOW max_connections")[0][0]) if found else None
    yield gauge("database_connections_most", "How many connections the server allows.", most)


def archive() -> Iterator[Gauge]:
    """Only PostgreSQL archives its log. One that isn't archived fills the disk."""
    [(is_failing, last)] = (rows(ARCHIVE) if is_postgres() else []) or [(None, None)]
    failing = None if last is None else bool(is_failing)
    yield gauge("archive_failing", "1 while PostgreSQL can't archive its log.", failing)
    yield gauge(
        "archive_last_timestamp_seconds", "When PostgreSQL last archived its log.", second(last)
    )


def tables() -> Iterator[Gauge]:
    """Only PostgreSQL keeps estimates of its tables."""
    found = rows(TABLES) if is_postgres() else []
    yield by(
        "table",
        "table_rows",
        "Rows of a table, by the server's estimate.",
        {name: count for name, count, _size in found},
    )
    yield by(
        "table",
        "table_bytes",
        "The size of a table with its indexes.",
        {name: total for name, _count, total in found},
    )


def sessions() -> Iterator[Gauge]:
    some = Session.objects.order_by().values("pk")[: SESSIONS_AT_MOST + 1]
    yield gauge("sessions", "Sessions that are stored, counted up to 100,001.", some.count())
