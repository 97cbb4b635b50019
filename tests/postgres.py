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

from nissmart.embedded_postgres import PostgresError, Server, find_binaries, free_port

__all__ = ["PostgresError", "find_binaries", "free_port", "server"]


@contextmanager
def server(*, fsync: bool = True) -> Iterator[str]:
    """Run PostgreSQL in a temporary directory during the block. Yields its DATABASE_URL."""
    options = ["-c", f"fsync={fsync}"]
    directory = tempfile.TemporaryDirectory(prefix="nissmart-", ignore_cleanup_errors=True)
    with directory as place, Server(Path(place), is_open=True, options=options) as postgres:
        yield postgres.url


def main(command: list[str]) -> int:
    if not command:
        print(__doc__, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with server(fsync=False) as url:
            return subprocess.call(command, env=os.environ | {"DATABASE_URL": url})
    except PostgresError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
