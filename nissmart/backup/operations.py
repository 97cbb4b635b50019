"""Back up and restore, on the engine of the default connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import sqlite_version

import environ
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from ledger import verify
from nissmart.backup import files, manifest, postgresql, sqlite
from nissmart.backup.errors import BackupError, NotVerified
from nissmart.backup.manifest import Facts, Manifest
from nissmart.databases import settings_of
from nissmart.owner import as_owner, connected_to

DIFFERS = "The copy holds {copied}, and the database held {held}."


def back_up(target: Path, *, verify_url: str = "") -> Manifest:
    """Write a backup, with its manifest beside it, and check it.

    Raises BackupError when nothing was written, and NotVerified when the backup is there but
    wasn't checked, or its books don't balance.
    """
    beside = manifest.path_beside(target)
    files.refuse_existing(beside)
    engine, doubt = connection.vendor, None
    if verify_url and engine == "sqlite":
        raise BackupError("A copy of SQLite is checked where it is: leave --verify-url out.")
    with as_owner(), files.written_whole(target, beside) as part:
        held = sqlite.copy(part, target) if engine == "sqlite" else postgresql.copy(part, target)
        try:
            with on_server(verify_url), opened(part):
                check(held)
        except NotVerified as found:
            doubt = found
        made = Manifest(
            engine=engine,
            server=server_version(),
            program="" if engine == "sqlite" else postgresql.program_version(),
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            size=part.stat().st_size,
            sha256=files.sha256(part),
            is_verified=doubt is None,
            facts=held,
        )
        made.write(target)
    if doubt:
        raise NotVerified(f"{target} was written, but isn't verified. {doubt}")
    return made


def server_version() -> str:
    if connection.vendor == "sqlite":
        return sqlite_version
    number = postgresql.server_number()
    return f"{number // 10_000}.{number % 10_000}"


@contextmanager
def on_server(url: str) -> Iterator[None]:
    """During the block the default connection is to this URL, if there is one."""
    if not url:
        yield
        return
    with connected_to(settings_of(url, environ.Env(), settings.BASE_DIR)):
        yield


def opened(backup: Path) -> AbstractContextManager[None]:
    return sqlite.opened(backup) if connection.vendor == "sqlite" else postgresql.opened(backup)


def check(held: Facts) -> None:
    """Check the database that we're connected to. Raises NotVerified."""
    if (copied := facts_here()) != held:
        raise NotVerified(DIFFERS.format(copied=copied, held=held))
    found = [one for each in verify.CHECKS for one in each.violations()]
    if found:
        lines = [f"{one.check}: {one.row}: {one.message}" for one in found[:5]]
        raise NotVerified("\n".join([f"Its books don't balance: {len(found):,} found.", *lines]))


def facts_here() -> Facts:
    with connection.cursor() as cursor:

        def ask(query: str) -> list[tuple[object, ...]]:
            cursor.execute(query)
            return list(cursor.fetchall())

        return manifest.facts(connection.vendor, ask)


def restore(backup: Path) -> Facts:
    """Restore a backup into the database of the settings, which must be empty, and check it.

    Raises BackupError when nothing was restored, and NotVerified when the restored database wasn't
    checked, or its books don't balance.
    """
    found = readable(backup)
    if connection.vendor == "sqlite":
        return restore_sqlite(backup, found)
    with as_owner():
        postgresql.refuse_used()
        if found:
            postgresql.refuse_newer(found)
        postgresql.load(backup)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    call_command("grant_rights", verbosity=0)
    return checked(found)


def restore_sqlite(backup: Path, found: Manifest | None) -> Facts:
    target = Path(connection.settings_dict["NAME"])
    connection.close()
    sqlite.refuse_used(target)
    target.unlink(missing_ok=True)
    with files.written_whole(target) as part:
        sqlite.put(backup, part)
        with sqlite.opened(part):
            pass
    return checked(found)


def readable(backup: Path) -> Manifest | None:
    """The manifest of a backup that this code and this engine can restore."""
    if not backup.is_file():
        raise BackupError(f"There is no file {backup}.")
    magic = {"sqlite": sqlite.MAGIC, "postgresql": postgresql.MAGIC}
    with backup.open("rb") as file:
        beginning = file.read(16)
    engines = [name for name, begins in magic.items() if beginning.startswith(begins)]
    if engines != [connection.vendor]:
        kind = f"of {engines[0]}" if engines else "no backup"
        raise BackupError(f"{backup} is {kind}, and this database is {connection.vendor}.")
    if not (found := manifest.read(backup)):
        return None
    if files.sha256(backup) != found.sha256:
        raise BackupError(f"{backup} was changed since it was made: its SHA-256 differs.")
    if newer := manifest.unknown(found.facts.migrations):
        raise BackupError(
            f"This backup is of a newer release: it has the migration {newer[0]}. Use that release."
        )
    return found


def checked(found: Manifest | None) -> Facts:
    """Check what was restored. Raises NotVerified."""
    held = facts_here()
    if newer := manifest.unknown(held.migrations):
        raise NotVerified(f"Restored, but it's of a newer release, which has {newer[0]}.")
    if older := manifest.missing(held.migrations):
        raise NotVerified(
            f"Restored, but it's of an older release, without {len(older)} migrations."
            " Run manage.py migrate and manage.py verify_ledger."
        )
    check(found.facts if found else held)
    return held
