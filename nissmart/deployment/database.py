"""The database: whether it keeps what it says, and who may change what it has kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from ledger import verify
from nissmart.deployment.check import Check, Found, fail, warn
from wallet.db.guards import INSTALLED

LARGEST_SKEW_S = 1.0
# PRAGMA synchronous
FULL = 2
# Losing one of these loses commits that were acknowledged.
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
ROLES = "docs/operations.md, section 2, makes a role for the application."


def is_postgres() -> bool:
    return connection.vendor == "postgresql"


def ask(sql: str, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def engine() -> Iterator[Found]:
    if not is_postgres():
        yield warn(
            "The database is SQLite, which is for one machine and for trying things out.",
            "Use PostgreSQL: docs/operations.md, section 1.",
        )
    elif ask("SELECT pg_is_in_recovery()") != [(False,)]:
        yield fail("This PostgreSQL is a standby, which takes no writes.", "Name the primary.")


def durability() -> Iterator[Found]:
    if not is_postgres():
        [(mode,)], [(synchronous,)] = ask("PRAGMA journal_mode"), ask("PRAGMA synchronous")
        if mode != "wal" or synchronous < FULL:
            yield fail(
                f"SQLite's journal_mode is {mode} and synchronous {synchronous}, so a power cut"
                " loses payments.",
                "Remove the options from DATABASE_URL.",
            )
        return
    for name in DURABLE:
        [(value,)] = ask("SELECT current_setting(%s)", name)
        if value in ("off", "local"):
            todo = f"Remove {name} from postgresql.conf, from the role and from the database."
            yield fail(f"PostgreSQL has {name} = {value}: a crash loses payments.", todo)


def standby() -> Iterator[Found]:
    if ask("SHOW synchronous_standby_names") == [("",)]:
        yield warn(
            "No standby has each payment before it's acknowledged: with this machine's disk you"
            " lose what wasn't archived.",
            "docs/operations.md, section 9, adds a standby.",
        )


def archive() -> Iterator[Found]:
    if not is_postgres():
        yield warn("Nothing tells when SQLite was backed up.", "docs/operations.md, section 3.")
        return
    [(mode, last, failed)] = ask(
        "SELECT current_setting('archive_mode'), now() - last_archived_time,"
        " last_failed_time > coalesce(last_archived_time, '-infinity') FROM pg_stat_archiver"
    )
    if mode == "off":
        yield fail(
            "PostgreSQL archives nothing, so a lost disk is the end of the books.",
            "docs/operations.md, section 3, sets up backups.",
        )
    elif failed:
        yield fail("The last WAL file couldn't be archived.", "PostgreSQL's log says why.")
    elif last is None or last.total_seconds() > 60 * 60:
        yield warn(
            f"The last WAL file was archived {last or 'never'} ago.",
            "Set archive_timeout = 60 and look into PostgreSQL's log.",
        )


def role() -> Iterator[Found]:
    """The application's role can't undo the triggers, even when a stranger has its password."""
    [(name, *powers)] = ask(
        "SELECT rolname, rolsuper, rolcreaterole, rolbypassrls, rolreplication"
        " FROM pg_roles WHERE rolname = current_user"
    )
    if any(powers):
        yield fail(f"The role {name} may do anything to the database.", ROLES)
        return
    tables = [model._meta.db_table for model in apps.get_models() if model._meta.managed]
    owned = ask(
        "SELECT count(*) FROM pg_class WHERE oid = ANY (ARRAY(SELECT to_regclass(t) FROM"
        " unnest(%s::text[]) t)) AND pg_has_role(relowner, 'MEMBER')",
        tables,
    )
    if owned != [(0,)]:
        yield fail(f"The role {name} owns the tables, so it can drop their triggers.", ROLES)
    kept = sorted({table for table, _name in reduce(or_, INSTALLED).postgresql})
    open_ones = ask(
        "SELECT t FROM unnest(%s::text[]) t WHERE has_table_privilege(t, 'TRUNCATE')"
        " OR has_table_privilege(t, 'TRIGGER')",
        kept,
    )
    if open_ones:
        names = ", ".join(table for (table,) in open_ones[:5])
        yield fail(f"The role {name} may empty or change the triggers of {names}.", ROLES)


def guards() -> Iterator[Found]:
    check = verify.by_name("guards")
    assert check is not None
    missing = [found.row for found in check.violations()]
    if missing:
        yield fail(
            f"{len(missing)} triggers that protect the books are missing or changed:"
            f" {', '.join(missing[:5])}.",
            "Find out who did it (manage.py verify_ledger), then restore or migrate.",
        )


def timeouts() -> Iterator[Found]:
    """A pooler may drop what a session sets, and give the next session what another set."""
    names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
    wanted = settings.DATABASES["default"]["OPTIONS"]["timeouts"]
    for name, value in zip(names, wanted, strict=True):
        [(is_so, now)] = ask(
            "SELECT setting::int = extract(epoch FROM %s::interval) * 1000, setting"
            " FROM pg_settings WHERE name = %s",
            value.replace("ms", " milliseconds"),
            name,
        )
        if not is_so:
            yield fail(
                f"{name} is {now} ms where the settings say {value}.",
                f"Run on the database: ALTER ROLE CURRENT_USER SET {name} = '{value}'.",
            )


def clock() -> Iterator[Found]:
    began = time.time()
    [(theirs,)] = ask("SELECT extract(epoch FROM clock_timestamp())::float8")
    ended = time.time()
    # It answered some time in between.
    skew_s = max(began - theirs, theirs - ended, 0)
    if skew_s > LARGEST_SKEW_S:
        yield fail(
            f"This machine's clock and the database's are {skew_s:.1f} s apart.",
            "Run chrony or systemd-timesyncd on both.",
        )


def migrations() -> Iterator[Found]:
    executor = MigrationExecutor(connection)
    if due := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        names = ", ".join(str(migration) for migration, _backwards in due[:3])
        yield fail(
            f"{len(due)} migrations are due, such as {names}.",
            "Run manage.py migrate as the owner of the tables.",
        )


def cache_table() -> Iterator[Found]:
    name = settings.CACHES["default"]["LOCATION"]
    if name not in connection.introspection.table_names():
        yield fail(
            "The table of the cache is missing, so limits of sign-in can't be counted.",
            "Run manage.py createcachetable as the owner of the tables.",
        )


CHECKS = (
    Check("engine", "The database is a PostgreSQL that takes writes.", engine),
    Check("durability", "What the database has acknowledged survives a power cut.", durability),
    Check("standby", "A standby has each payment before it's acknowledged.", standby, "postgresql"),
    Check("archive", "The database's log is archived.", archive),
    Check("role", "The application's role can't undo the triggers.", role, "postgresql"),
    Check("migrations", "All migrations are applied.", migrations),
    Check("cache table", "The cache has its table.", cache_table),
    Check("guards", "The triggers that protect the books are in force.", guards),
    Check(
        "timeouts",
        "The database's timeouts are in force.",
        timeouts,
        "postgresql",
    ),
    Check("clock", "The clocks here and at the database agree.", clock, "postgresql"),
)
