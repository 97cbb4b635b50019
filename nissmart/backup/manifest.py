"""What a backup holds and what made it: the file beside it, in JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.db.migrations.loader import MigrationLoader

from nissmart.backup.errors import BackupError

COUNT = "SELECT COUNT(*) FROM ledger_transaction"
# Both engines store moments in UTC.
NEWEST = {
    "sqlite": """
        SELECT reference, CAST(created_at AS text)
        FROM ledger_transaction ORDER BY id DESC LIMIT 1""",
    "postgresql": """
        SELECT reference, CAST(created_at AT TIME ZONE 'UTC' AS text)
        FROM ledger_transaction ORDER BY id DESC LIMIT 1""",
}
APPLIED = "SELECT app, name FROM django_migrations ORDER BY app, name"

type Ask = Callable[[str], Iterable[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a database held at one moment."""

    transactions: int
    newest: str
    newest_at: str
    migrations: list[str]

    def __str__(self) -> str:
        last = f", the newest {self.newest} of {self.newest_at} UTC" if self.newest else ""
        return f"{self.transactions:,} transactions{last}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """`server` is the version of SQLite or PostgreSQL, `program` that of `pg_dump`."""

    engine: str
    server: str
    program: str
    made_at: str
    size: int
    sha256: str
    is_verified: bool
    facts: Facts

    def write(self, backup: Path) -> None:
        path_beside(backup).write_text(json.dumps(asdict(self), indent=1) + "\n")


def read(backup: Path) -> Manifest | None:
    """The manifest of a backup, or None when there is none."""
    file = path_beside(backup)
    if not file.exists():
        return None
    try:
        found = json.loads(file.read_text())
        return Manifest(**found | {"facts": Facts(**found["facts"])})
    except (ValueError, TypeError, KeyError) as error:
        raise BackupError(f"{file} isn't the manifest of a backup.") from error


def path_beside(backup: Path) -> Path:
    return backup.with_name(backup.name + ".json")


def facts(vendor: str, ask: Ask) -> Facts:
    """What the database holds. `ask` runs a query there."""
    [[count]] = ask(COUNT)
    [[newest, newest_at]] = list(ask(NEWEST[vendor])) or [("", "")]
    migrations = [f"{app}.{name}" for app, name in ask(APPLIED)]
    return Facts(count, newest, newest_at, migrations)


def unknown(migrations: Iterable[str]) -> list[str]:
    """Those of a newer release than this code."""
    return sorted(set(migrations) - known())


def missing(migrations: Iterable[str]) -> list[str]:
    """Those of this code that an older database hasn't had yet."""
    return sorted(known() - set(migrations))


def known() -> set[str]:
    loader = MigrationLoader(None)
    return {f"{app}.{name}" for app, name in loader.disk_migrations or {}}
