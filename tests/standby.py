"""Copies of the test's PostgreSQL: a standby of it, or another primary with its own standby.

Made by `pg_basebackup` from the server that the tests run on, so they hold its databases already.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from nissmart.embedded_postgres import NAME, account_to_run_as, find_binaries, free_port
from tests.proof.processes import with_children

STARTS_WITHIN_S = 30
# The roles of the product can neither copy a server nor promote one.
AS_SUPERUSER = {"user": NAME}


class Copy:
    """A running copy of a server. `settings` are its connection settings, such as the port."""

    def __init__(self, source: dict[str, Any], place: Path, *, follows: bool) -> None:
        self.account = account_to_run_as()
        self.binaries = find_binaries()
        self.port = free_port()
        self.name = place.name
        self.data, self.log = place / "data", place / "log"
        self.settings = source | {"port": self.port}
        place.mkdir(mode=0o777)
        if self.account:
            os.chown(place, self.account["user"], self.account["group"])
        command = [self.binaries / "pg_basebackup", "-D", self.data, "-c", "fast", "--no-sync"]
        line = psycopg.conninfo.make_conninfo(
            **self.without_database(source | AS_SUPERUSER), application_name=self.name
        )
        command += ["-d", line, *(["-R"] if follows else [])]
        subprocess.run(command, check=True, cwd=place, **self.account)
        self.process: subprocess.Popen[bytes] | None = None

    def without_database(self, settings: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in settings.items() if name != "dbname"}

    def start(self, *options: str) -> None:
        command: list[str | Path] = [self.binaries / "postgres", "-D", self.data]
        command += ["-p", str(self.port), "-c", "unix_socket_directories=", "-c", "fsync=off"]
        for option in options:
            command += ["-c", option]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                command, stdout=output, stderr=output, cwd=self.data.parent, **self.account
            )
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not self.is_answering():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def is_answering(self) -> bool:
        try:
            self.ask("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def ask(self, sql: str) -> Any:
        """The first value of a query; None without rows."""
        line = psycopg.conninfo.make_conninfo(**self.settings | AS_SUPERUSER, connect_timeout=5)
        with psycopg.connect(line, autocommit=True) as connection:
            cursor = connection.execute(sql)
            row = cursor.fetchone() if cursor.description else None
            return row and row[0]

    def pids(self) -> list[int]:
        assert self.process
        return with_children(self.process.pid)

    def pid_of(self, what: str) -> int:
        """The server's process of this name, such as `walreceiver`."""
        for pid in self.pids():
            if what.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
        raise AssertionError(f"there is no {what}: {self.log.read_text()}")

    def kill(self) -> None:
        """As if its machine lost its power."""
        for pid in self.pids():
            os.kill(pid, signal.SIGKILL)
        assert self.process
        self.process.wait()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()


@contextmanager
def copy(
    source: dict[str, Any], place: Path, *, follows: bool, options: tuple[str, ...] = ()
) -> Iterator[Copy]:
    """A copy of the server at `source`, running. It follows its source, or is a primary itself."""
    made = Copy(source, place, follows=follows)
    try:
        made.start(*options)
        yield made
    finally:
        made.stop()
