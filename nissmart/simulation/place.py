"""The throw-away database: a template with migrations and staff, and a copy of it for each run.

Never the database of the settings. On SQLite both are files in a directory of our own; on
PostgreSQL two databases that we make on that server and drop at the end.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from ledger.models import Transaction
from wallet.models import User

MEMORY = Path("/dev/shm")  # nosec B108: the folder in it has a random name
FAST = " PRAGMA synchronous=OFF;"
SOMEONE_ELSES = "{name} holds people or transactions: it isn't an empty migrated database."


class Files:
    """SQLite."""

    def __init__(self, folder: Path, migrated: str) -> None:
        self.template, self.live = folder / "template.sqlite3", folder / "live.sqlite3"
        options = connection.settings_dict["OPTIONS"]
        options["init_command"] = options.get("init_command", "") + FAST
        if migrated:
            shutil.copyfile(migrated, self.template)
        self.use(self.template)

    def use(self, file: Path) -> None:
        connection.close()
        connection.settings_dict["NAME"] = str(file)

    def settle(self) -> None:
        """The template is complete: all of it is in its file."""
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.use(self.live)

    def renew(self) -> None:
        """A fresh copy."""
        connection.close()
        for end in ("-wal", "-shm"):
            Path(f"{self.live}{end}").unlink(missing_ok=True)
        shutil.copyfile(self.template, self.live)

    def drop(self) -> None:
        connection.close()

    @property
    def name(self) -> str:
        return str(self.live)


class Databases:
    """PostgreSQL."""

    def __init__(self, migrated: str) -> None:
        self.template, self.live = (f"simulation_{os.getpid()}_{x}" for x in ("template", "live"))
        self.parameters = connection.get_connection_params()
        for own in (*getattr(connection, "OWN"), "cursor_factory", "context"):  # noqa: B009
            self.parameters.pop(own, None)
        self.parameters["dbname"] = "postgres"
        connection.close()
        self.command(f'CREATE DATABASE "{self.template}" TEMPLATE "{migrated or "template0"}"')
        connection.settings_dict["NAME"] = self.template

    def command(self, sql: str) -> None:
        try:
            with psycopg.connect(**self.parameters, autocommit=True) as server:
                server.execute(sql)
        except psycopg.errors.InsufficientPrivilege as error:
            raise CommandError("The role of DATABASE_URL may not create databases.") from error

    def settle(self) -> None:
        connection.close()
        connection.settings_dict["NAME"] = self.live

    def renew(self) -> None:
        self.remove(self.live)
        self.command(f'CREATE DATABASE "{self.live}" TEMPLATE "{self.template}"')

    def drop(self) -> None:
        self.remove(self.live)
        self.remove(self.template)

    def remove(self, name: str) -> None:
        connection.close()
        self.command(f'DROP DATABASE IF EXISTS "{name}"')

    @property
    def name(self) -> str:
        return self.live


@contextmanager
def prepared(migrated: str, *, is_kept: bool = False) -> Iterator[Files | Databases]:
    """A place with an empty migrated template. `migrated` names one that spares the migrations."""
    base = MEMORY if MEMORY.is_dir() else None
    with TemporaryDirectory(
        prefix="nissmart-simulation-", dir=base, delete=not is_kept, ignore_cleanup_errors=True
    ) as name:
        is_postgres = connection.vendor == "postgresql"
        place = Databases(migrated) if is_postgres else Files(Path(name), migrated)
        try:
            if not migrated:
                call_command("migrate", verbosity=0)
            elif User.objects.exists() or Transaction.objects.exists():
                raise CommandError(SOMEONE_ELSES.format(name=migrated))
            yield place
        finally:
            if not is_kept:
                place.drop()
