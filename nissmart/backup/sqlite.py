"""Copy a SQLite database while it's in use, and put such a copy in place."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connection

from nissmart.backup import files, manifest
from nissmart.backup.errors import BackupError
from nissmart.owner import connected_to

MAGIC = b"SQLite format 3\0"
PAGES_AT_A_TIME = 500


def copy(part: Path, target: Path) -> manifest.Facts:
    """Copy the database into the part file, in steps. Returns what it holds.

    The copy is of one moment: our open transaction keeps it, and no writer waits for us. Meanwhile
    the write-ahead log grows by what is written.
    """
    source = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None, timeout=10)
    try:
        with closing(source), closing(sqlite3.connect(part)) as to:
            source.execute("BEGIN")
            held = manifest.facts("sqlite", source.execute)
            source.backup(to, pages=PAGES_AT_A_TIME)
    except sqlite3.OperationalError as error:
        if is_full(error):
            raise BackupError(files.no_room(target)) from error
        raise BackupError(f"The database can't be read: {error}.") from error
    in_one_file(part)
    return held


def is_full(error: sqlite3.OperationalError) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)


def in_one_file(path: Path) -> None:
    """Fold the write-ahead log in."""
    with closing(sqlite3.connect(path)) as copied:
        copied.execute("PRAGMA journal_mode=DELETE")


@contextmanager
def opened(path: Path) -> Iterator[None]:
    """Check every page of this copy. During the block the default connection is to it."""
    with connected_to({"NAME": str(path)}):
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA integrity_check(1)")
            [found] = cursor.fetchone()
        if found != "ok":
            raise BackupError(f"The copy is damaged: {found}")
        yield
    in_one_file(path)


def refuse_used(target: Path) -> None:
    """Refuse to restore over a database that has tables."""
    beside = [target.with_name(target.name + end) for end in files.SQLITE_LOGS]
    if any(file.exists() and file.stat().st_size for file in beside):
        raise BackupError(f"{target} is in use: there is a log of it beside it.")
    if not target.exists():
        return
    with closing(sqlite3.connect(target)) as old:
        [[tables]] = old.execute("SELECT COUNT(*) FROM sqlite_master")
    if tables:
        raise BackupError(
            f"The database {target} isn't empty. Restore into a new one, and then swap them."
        )


def put(backup: Path, part: Path) -> None:
    shutil.copyfile(backup, part)
