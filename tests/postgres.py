"""Run a command against a private PostgreSQL, then throw the server away.

    python tests/postgres.py pytest -k transfer

The command finds the server in DATABASE_URL. The server runs without `fsync`: its commits survive
a killed process, which is all that tests do, and only a crash of the whole machine loses them.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psycopg

from nissmart.embedded_postgres import (
    APPLICATION,
    NAME,
    OWNER,
    PostgresError,
    Server,
    find_binaries,
    free_port,
)

__all__ = ["PostgresError", "find_binaries", "free_port", "owner_of", "server", "superuser_of"]


@contextmanager
def server(*, fsync: bool = True) -> Iterator[str]:
    """Run PostgreSQL in a temporary directory during the block. Yields its DATABASE_URL.

    That is the application's role, as in production: `owner_of` it is the owner of the tables.
    """
    options = ["-c", f"fsync={fsync}"]
    directory = tempfile.TemporaryDirectory(prefix="nissmart-", ignore_cleanup_errors=True)
    with directory as place, Server(Path(place), is_open=True, options=options) as postgres:
        yield postgres.url


def owner_of(url: str) -> str:
    """DATABASE_OWNER_URL beside this DATABASE_URL of our server. Of other databases, ""."""
    login = f"//{APPLICATION}@"
    return url.replace(login, f"//{OWNER}@") if login in url else ""


def superuser_of(url: str) -> str:
    return url.replace(f"//{APPLICATION}@", f"//{NAME}@")


def allow_tests(url: str) -> None:
    """Let the owner of the tables do what only tests do: be the application, make other roles, and
    pass the guards to empty the tables."""
    with psycopg.connect(superuser_of(url)) as connection:
        connection.execute(f"ALTER ROLE {OWNER} CREATEROLE")
        connection.execute(f"GRANT {APPLICATION} TO {OWNER}")
        connection.execute(f"GRANT SET ON PARAMETER session_replication_role TO {OWNER}")


def main(command: list[str]) -> int:
    if not command:
        print(__doc__, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with server(fsync=False) as url:
            allow_tests(url)
            urls = {"DATABASE_URL": url, "DATABASE_OWNER_URL": owner_of(url)}
            return subprocess.call(command, env=os.environ | urls)
    except PostgresError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
