"""Run a command against a private PostgreSQL, which is thrown away afterwards.

    python tests/postgres.py pytest -k transfer

The command finds the server in DATABASE_URL. Nothing outside a temporary directory and one
free loopback port is touched, and no installed service is used. The server does without
`fsync`, which only a crash of the whole machine would show: what it has committed survives its
own death and that of any process, and those are what tests cause.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

START_TIMEOUT_S = 60
NAME = "nissmart"
PROGRAMS = ("initdb", "postgres", "pg_isready", "createdb")


class PostgresError(Exception):
    """No server could be started; the message says why."""


@contextmanager
def server(*, fsync: bool = True) -> Iterator[str]:
    """Run PostgreSQL as long as the block lasts; gives its DATABASE_URL."""
    binaries = find_binaries()
    account = account_to_run_as()
    place = Path(tempfile.mkdtemp(prefix="nissmart-postgres-"))
    try:
        if account:
            os.chown(place, account["user"], account["group"])
        port = free_port()
        log = place / "log"
        with log.open("wb") as output:
            initdb: list[str | Path] = [binaries / "initdb", "-D", place / "data", "-U", NAME]
            initdb += ["-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
            run: dict[str, Any] = {"stdout": output, "stderr": output, "cwd": place, **account}
            if subprocess.run(initdb, check=False, **run).returncode:
                raise PostgresError(f"initdb failed:\n{log.read_text()}")
            # A session of its own: Ctrl-C reaches the tests first, the server afterwards.
            postgres: list[str | Path] = [binaries / "postgres", "-D", place / "data"]
            postgres += ["-p", str(port), "-c", "listen_addresses=127.0.0.1"]
            postgres += ["-c", "unix_socket_directories=", "-c", f"fsync={fsync}"]
            process = subprocess.Popen(postgres, start_new_session=True, **run)
        try:
            address = ["-h", "127.0.0.1", "-p", str(port), "-U", NAME]
            wait_until_ready([binaries / "pg_isready", "-q", *address], process, log)
            subprocess.run([binaries / "createdb", *address, NAME], check=True)
            yield f"postgres://{NAME}@127.0.0.1:{port}/{NAME}"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()
    finally:
        shutil.rmtree(place, ignore_errors=True)


def find_binaries() -> Path:
    places = [Path(os.environ["PG_BINDIR"])] if os.environ.get("PG_BINDIR") else []
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    places += sorted(debian, key=lambda place: float(place.parent.name), reverse=True)
    if initdb := shutil.which("initdb"):
        places.append(Path(initdb).resolve().parent)
    for place in places:
        if all((place / name).exists() for name in PROGRAMS):
            return place
    raise PostgresError(
        "PostgreSQL was not found in $PG_BINDIR, /usr/lib/postgresql/*/bin or PATH."
        " Install it (on Debian and Ubuntu: apt install postgresql) or set PG_BINDIR."
    )


def account_to_run_as() -> dict[str, Any]:
    """PostgreSQL refuses to run as root, so root lends it another account."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    raise PostgresError("PostgreSQL does not run as root, and there is no user postgres or nobody.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(probe: list[str | Path], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while subprocess.run(probe, check=False).returncode:
        if process.poll() is not None or time.monotonic() > deadline:
            raise PostgresError(f"PostgreSQL did not start:\n{log.read_text()}")
        time.sleep(0.05)


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
