"""How large each table is, and what becomes of its rows. No query here reads a whole table."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from adminpanel.tables.decisions import BOUNDED, KEPT
from adminpanel.tables.tidying import SWEEPS
from wallet.db.sweeping import Sweep

# More rows that are due aren't counted.
COUNTED = 100
# The statistics forget their count in a crash; the planner has none before the first ANALYZE.
POSTGRESQL = """
    SELECT relname,
        coalesce(nullif(pg_stat_get_live_tuples(oid), 0), greatest(reltuples, 0))::bigint,
        pg_total_relation_size(oid)
    FROM pg_class WHERE oid = ANY(%s::regclass[])"""
# Both ends of the key, which is as many rows as there may be at most.
SQLITE = "SELECT '{0}', (SELECT max(rowid) FROM {1}) - (SELECT min(rowid) FROM {1}) + 1"


class Size(NamedTuple):
    """About how many rows, and how many bytes with indexes. SQLite doesn't say bytes by table."""

    rows: int
    size_bytes: int | None

    @property
    def rows_text(self) -> str:
        return f"{self.rows:,}"


class Swept(NamedTuple):
    """A table from which the worker deletes. `due` is counted up to COUNTED."""

    sweep: Sweep
    size: Size
    oldest: datetime | None
    due: int

    @property
    def due_text(self) -> str:
        if self.due > COUNTED:
            return _("over {number}").format(number=COUNTED)
        return str(self.due)


class Other(NamedTuple):
    table: str
    size: Size
    why: str | Promise
    is_record: bool


def sizes(names: list[str]) -> dict[str, Size]:
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL, [[quote(name) for name in names]])
            return {name: Size(rows, size) for name, rows, size in cursor.fetchall()}
        cursor.execute(" UNION ALL ".join(SQLITE.format(name, quote(name)) for name in names))
        return {name: Size(rows or 0, None) for name, rows in cursor.fetchall()}


def database_bytes() -> int:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
        cursor.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        return int(cursor.fetchone()[0])


def every_table() -> tuple[list[Swept], list[Other]]:
    """Those that the worker sweeps, and the others, largest first."""
    decided = [*((name, why, True) for name, why in KEPT.items())]
    decided += [(name, why, False) for name, why in BOUNDED.items()]
    found = sizes([sweep.table for sweep in SWEEPS] + [name for name, _why, _is in decided])
    none = Size(0, None)
    swept = [
        Swept(sweep, found.get(sweep.table, none), oldest(sweep), due(sweep)) for sweep in SWEEPS
    ]
    others = [
        Other(name, found.get(name, none), why, is_record) for name, why, is_record in decided
    ]
    others.sort(key=lambda other: (-(other.size.size_bytes or 0), -other.size.rows, other.table))
    return swept, others


def oldest(sweep: Sweep) -> datetime | None:
    """The first value of the column by which rows are swept. Rate limits count in minutes."""
    value = rows_by_age(sweep).first()
    return datetime.fromtimestamp(value * 60, tz=UTC) if isinstance(value, int) else value


def rows_by_age(sweep: Sweep) -> QuerySet[Any, Any]:
    rows: Any = sweep.rows().model._base_manager
    known = rows.filter(sweep.among, **{f"{sweep.by}__isnull": False})
    found: QuerySet[Any, Any] = known.order_by(sweep.by).values_list(sweep.by, flat=True)
    return found


def due(sweep: Sweep) -> int:
    return sweep.rows().order_by()[: COUNTED + 1].count()
