"""`manage.py migrate`: Django's, but as the owner of the tables and safe while the site is in use.

Afterwards the application's role gets its rights. Not by Django's signal `post_migrate`: it's sent
once for each app, before the last table is there, and also when a test empties its database.

It waits only a moment for a lock, because everyone else who needs the table waits behind it. Then
it lets them go on, and tries again. No statement is cut short by the site's own timeout: an index
on a large table takes minutes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.commands import migrate
from django.db import OperationalError, ProgrammingError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.exceptions import MigrationSchemaMissing

from nissmart.databases import milliseconds
from nissmart.owner import as_owner, is_apart
from wallet.db.retries import is_lock_timeout

ATTEMPTS = 30
PAUSE_S = 2.0
GIVE_UP = (
    "Gave up after {attempts} attempts: other work holds a table all the time. What was migrated "
    "stays, and the site can go on. Try again when there is less work."
)
INSUFFICIENT_PRIVILEGE = "42501"
NOT_THE_OWNER = (
    "The role of DATABASE_URL doesn't own the tables, and DATABASE_OWNER_URL isn't set. "
    "Use deploy/manage migrate: docs/operations.md, section 2."
)


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner():
            try:
                self.migrate_patiently(*args, **options)
            except (MigrationSchemaMissing, ProgrammingError) as error:
                if is_apart() or not is_not_ours(error):
                    raise
                raise CommandError(NOT_THE_OWNER) from error
        if is_apart() and not options["plan"]:
            call_command("grant_rights", verbosity=options["verbosity"], stdout=self.stdout)

    def migrate_patiently(self, *args: Any, **options: Any) -> None:
        """Migrate, and again as often as other work holds a table."""
        with patient(connections[options["database"]]) as connection:
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    super().handle(*args, **options)
                    return
                except OperationalError as error:
                    if not is_lock_timeout(error) or connection.in_atomic_block:
                        raise
                    if attempt == ATTEMPTS:
                        self.stderr.write(GIVE_UP.format(attempts=ATTEMPTS))
                        raise
                self.stderr.write("Other work holds a table. Trying again ...")
                connection.close()
                pause()


def pause() -> None:
    """Let those who waited behind us have their turn."""
    time.sleep(PAUSE_S)


def is_not_ours(error: BaseException | None) -> bool:
    """Did PostgreSQL refuse, because another role owns the tables?"""
    while error is not None:
        if getattr(error, "sqlstate", None) == INSUFFICIENT_PRIVILEGE:
            return True
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def patient(connection: BaseDatabaseWrapper) -> Iterator[BaseDatabaseWrapper]:
    """A connection that waits MIGRATE_LOCK_TIMEOUT_S for a lock, and for a statement to end.

    Behind a pooler that shares its connections, the timeouts are those of the database role.
    """
    options = connection.settings_dict["OPTIONS"]
    if connection.in_atomic_block or options.get("pooler") == "transaction":
        yield connection
        return
    before = dict(options)
    if connection.vendor == "postgresql":
        timeouts = [milliseconds(settings.MIGRATE_LOCK_TIMEOUT_S), "0", "0"]
        options |= {"timeouts": timeouts, "answer_timeout_s": None}
    else:
        options["timeout"] = settings.MIGRATE_LOCK_TIMEOUT_S
    connection.close()
    try:
        yield connection
    finally:
        options |= before
        connection.close()
