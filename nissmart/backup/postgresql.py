"""Dump a PostgreSQL database while it's in use, and restore such a dump."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.db import connection
from psycopg import sql
from psycopg.conninfo import make_conninfo

from nissmart import rights
from nissmart.backup import files, manifest, programs
from nissmart.backup.errors import BackupError, NotVerified
from nissmart.owner import connected_to

MAGIC = b"PGDMP"
# What it holds is ours: roles and rights are those of the server on which it's restored.
PLAIN = ("--no-owner", "--no-acl")
LOCK_WAIT = "--lock-wait-timeout=60s"


def copy(part: Path, target: Path) -> manifest.Facts:
    """Dump the database into the part file. Returns what it holds.

    `pg_dump` reads in one snapshot, which is ours, so the two agree. No one waits for it but
    migrations.
    """
    given = programs.parameters()
    program = programs.find("pg_dump", server_major())
    with psycopg.connect(make_conninfo(**given)) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.read_only = True
        # It waits inside of its transaction, until the dump is done.
        reader.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        [[snapshot]] = reader.execute("SELECT pg_export_snapshot()")
        held = manifest.facts("postgresql", lambda query: reader.execute(query))
        into = ["--format=custom", f"--snapshot={snapshot}", f"--file={part}"]
        done = programs.run([program, *into, *PLAIN, LOCK_WAIT], given)
    if done.returncode:
        if "No space left on device" in done.stderr:
            raise BackupError(files.no_room(target))
        raise BackupError(f"pg_dump failed:\n{done.stderr.strip()}")
    return held


def server_number() -> int:
    """The server's version, such as 150018. Not Django's, which it asks once for all servers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')")
        return int(cursor.fetchone()[0])


def server_major() -> int:
    return server_number() // 10_000


def program_version() -> str:
    found = programs.version_of(programs.find("pg_dump", server_major()))
    return ".".join(map(str, found or ()))


@contextmanager
def opened(backup: Path) -> Iterator[None]:
    """Restore the dump into a scratch database beside ours. During the block it's the default
    connection's; then it's dropped. Raises NotVerified if our role may not make one."""
    name = f"{connection.settings_dict['NAME']}_check_{secrets.token_hex(4)}"[-63:]
    quoted = sql.Identifier(name)
    with psycopg.connect(make_conninfo(**programs.parameters()), autocommit=True) as server:
        try:
            server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(quoted))
        except psycopg.Error as error:
            raise NotVerified(
                f"No scratch database could be made to check it in ({str(error).strip()})."
                " Give the owner's role CREATEDB, or name another server: --verify-url"
            ) from error
        try:
            load(backup, name)
            with connected_to({"NAME": name}):
                yield
        finally:
            server.execute(sql.SQL("DROP DATABASE {}").format(quoted))


def load(backup: Path, name: str | None = None) -> None:
    """Restore the dump into this database, whole or not at all."""
    program = programs.find("pg_restore", server_major())
    given = programs.parameters(name)
    whole = ["--single-transaction", "--exit-on-error", *PLAIN]
    done = programs.run([program, *whole, f"--dbname={given['dbname']}", str(backup)], given)
    if done.returncode:
        raise BackupError(f"pg_restore failed:\n{done.stderr.strip()}")


def refuse_used() -> None:
    """Refuse to restore over a database that has tables."""
    with connection.cursor() as cursor:
        if rights.tables_of(cursor):
            name = connection.settings_dict["NAME"]
            raise BackupError(
                f"The database {name} isn't empty. Restore into a new one, and then swap them."
            )


def refuse_newer(found: manifest.Manifest) -> None:
    """Refuse the dump of a newer PostgreSQL: it may hold what this one can't do."""
    if int(found.server.split(".")[0]) > server_major():
        raise BackupError(
            f"This backup is of PostgreSQL {found.server}, and the server here is PostgreSQL"
            f" {server_major()}. Restore it on the same major version or a newer one."
        )
