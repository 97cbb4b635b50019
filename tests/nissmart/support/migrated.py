"""The empty database of the tests, for programs that would otherwise spend half a minute on it."""

from __future__ import annotations

from pathlib import Path

from django.db import connection


def copy_to(file: Path) -> None:
    """Copy it, on SQLite and outside of a transaction. On PostgreSQL the program migrates."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(file)])
