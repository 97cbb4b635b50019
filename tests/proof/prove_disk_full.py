"""Fill a disk under the product while clients send money, and make room again.

Three small disks in memory, one at a time: that of the database's log (PostgreSQL, whose archive
fails, so that it keeps its log), that of the data, and that of the logs of the web server and of
PostgreSQL. Sixteen clients send money, and repeat each order with its key until the answer is
definite.

A full disk of logs must stop nothing. Any other may stop payments, but what was confirmed must be
in the books, once, and payments must go through again within 30 s of the moment when there is room
and PostgreSQL runs. Needs root: it mounts in a separate namespace.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from nissmart.embedded_postgres import Server, free_port
from tests.bench.workers import manage, warn_if_busy
from tests.postgres import superuser_of
from tests.proof.patroni import wait_until
from tests.proof.payers import Payers
from tests.proof.prove_failover import PREPARE, SENT
from tests.proof.stack import web_server

CLIENTS = 16
BEFORE_S, FULL_S, BACK_WITHIN_S = 4.0, 10.0, 30.0
# No payment went through for so long: payments have stopped.
STILL_S = 4.0
STOPS_WITHIN_S = 180.0
MEGABYTE = 1 << 20
ARCHIVE_FAILS = ["-c", "archive_mode=on", "-c", "archive_command=false", "-c", "archive_timeout=5"]
INSIDE = "IN_A_NAMESPACE"


def main() -> int:
    if os.geteuid():
        print("NOT PROVED: this needs root, for mounts.")
        return 1
    if INSIDE not in os.environ:
        again = ["unshare", "--mount", sys.executable, "-m", "tests.proof.prove_disk_full"]
        return subprocess.call(again, env=os.environ | {INSIDE: "1"})
    chosen = os.environ.get("ENGINE")
    for name, case in CASES.items():
        if not chosen or name.lower().startswith(chosen):
            with (
                tempfile.TemporaryDirectory(prefix="nissmart-proof-") as place,
                ExitStack() as stack,
            ):
                Path(place).chmod(0o755)
                print(f"{name}: {case(Path(place), stack)}", flush=True)
    warn_if_busy()
    return 0


class Disk:
    """A disk in memory, of so many megabytes."""

    def __init__(self, stack: ExitStack, place: Path, megabytes: int) -> None:
        self.place, self.filler = place, place / "filler"
        place.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=777", "none", place], check=True
        )
        stack.callback(subprocess.run, ["umount", "--lazy", place], check=True)

    def fill(self, leave: int = 0) -> None:
        """Take all room but so many bytes."""
        with self.filler.open("ab") as file:
            while (free := shutil.disk_usage(self.place).free - leave) > 0:
                try:
                    os.posix_fallocate(file.fileno(), file.tell(), free)
                except OSError:
                    return
                file.seek(0, os.SEEK_END)

    def make_room(self) -> None:
        self.filler.unlink()


def move_log(server: Server, disk: Disk) -> None:
    """Let the server have its log on this disk."""
    server.stop()
    subprocess.run(["cp", "-a", f"{server.data}/pg_wal", disk.place], check=True)
    shutil.rmtree(server.data / "pg_wal")
    (server.data / "pg_wal").symlink_to(disk.place / "pg_wal")
    server.start()


def the_log_of_postgresql(place: Path, stack: ExitStack) -> str:
    server = stack.enter_context(Server(place / "server", is_open=True, options=ARCHIVE_FAILS))
    disk = Disk(stack, place / "wal", 192)
    move_log(server, disk)

    def repair() -> None:
        """As an operator does: room, an archive that works, and a start if it has ended."""
        disk.make_room()
        server.options = ["-c", "archive_mode=on", "-c", "archive_command=true"]
        had_ended = not server.is_running()
        if not had_ended:
            server.stop()
        server.start()
        said.append("it had ended" if had_ended else "it had gone on")

    said: list[str] = []
    # What the migrations write may stay; then one more file of the log has no room.
    found = payments_stop(server.url, place, lambda: disk.fill(leave=MEGABYTE), repair)
    return f"{found}; PostgreSQL: {said[0]}"


def the_data_of_postgresql(place: Path, stack: ExitStack) -> str:
    disk = Disk(stack, place / "server", 700)
    server = stack.enter_context(Server(disk.place, is_open=True))
    move_log(server, Disk(stack, place / "wal", 1000))
    return payments_stop(server.url, place, disk.fill, disk.make_room)


def the_data_of_sqlite(place: Path, stack: ExitStack) -> str:
    disk = Disk(stack, place / "data", 200)
    return payments_stop(f"sqlite:///{disk.place}/db.sqlite3", place, disk.fill, disk.make_room)


def the_logs_of_postgresql(place: Path, stack: ExitStack) -> str:
    disk = Disk(stack, place / "logs", 1)
    options = ["-c", "log_statement=all"]
    server = stack.enter_context(Server(place / "server", is_open=True, options=options))
    server.stop()
    server.log = disk.place / "postgresql.log"
    server.start()
    return payments_go_on(server.url, disk)


def the_logs_of_sqlite(place: Path, stack: ExitStack) -> str:
    disk = Disk(stack, place / "logs", 1)
    return payments_go_on(f"sqlite:///{place}/db.sqlite3", disk)


CASES: dict[str, Callable[[Path, ExitStack], str]] = {
    "PostgreSQL, full of its log": the_log_of_postgresql,
    "PostgreSQL, full of data": the_data_of_postgresql,
    "PostgreSQL, full of log lines": the_logs_of_postgresql,
    "SQLite, full of data": the_data_of_sqlite,
    "SQLite, full of log lines": the_logs_of_sqlite,
}


@contextmanager
def paying(url: str, log: Path) -> Iterator[Payers]:
    """The product, and clients that send money through it. In the end the books are compared."""
    manage(url, "migrate", "--verbosity=0")
    token, *members = manage(url, "shell", "--verbosity=0", "--command", PREPARE).split()
    port = free_port()
    with log.open("ab") as lines, web_server(url, port, log=lines, more={"LOG_LEVEL": "INFO"}):
        payers = Payers(port, token, list(map(int, members)), CLIENTS)
        payers.start()
        try:
            wait_until(lambda: bool(payers.heard.paid), "a payment", 60)
            time.sleep(BEFORE_S)
            yield payers
        finally:
            payers.stop()
    rows = sent(url)
    heard = payers.heard
    assert dict(rows).keys() == heard.paid.keys() == heard.cents.keys(), "lost, or not asked for"
    assert len(rows) == len(dict(rows)), "carried out twice"
    assert all(heard.cents[key] == cents for key, cents in rows), "another amount"
    print(f"  {dict(heard.answers)}; {manage(url, 'verify_ledger')}", flush=True)


def sent(url: str) -> list[tuple[str, int]]:
    found: list[Any]
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
            found = database.execute(SENT).fetchall()
    else:
        with psycopg.connect(superuser_of(url)) as connection:
            found = connection.execute(SENT).fetchall()
    return found


def payments_stop(
    url: str, place: Path, fill: Callable[[], None], repair: Callable[[], None]
) -> str:
    with paying(url, place / "web.log") as payers:
        filled_at = time.monotonic()
        ends_at = filled_at + STOPS_WITHIN_S
        while time.monotonic() < max(payers.heard.paid.values()) + STILL_S:
            assert time.monotonic() < ends_at, "the disk never got full"
            fill()
            time.sleep(0.2)
        stopped_s = max(payers.heard.paid.values()) - filled_at
        time.sleep(FULL_S)
        confirmed = len(payers.heard.paid)
        repair()
        freed_at = time.monotonic()
        wait_until(
            lambda: payers.heard.first_after(freed_at) is not None, "a payment", BACK_WITHIN_S
        )
        back_s = (payers.heard.first_after(freed_at) or 0) - freed_at
        time.sleep(BEFORE_S)
    in_all = len(payers.heard.paid)
    return (
        f"payments stopped {stopped_s:.0f} s after it was filled, and came back {back_s:.1f} s"
        f" after there was room: {confirmed:,} confirmed before, {in_all:,} in all, none lost"
    )


def payments_go_on(url: str, disk: Disk) -> str:
    with paying(url, disk.place / "web.log") as payers:
        disk.fill()
        filled_at = time.monotonic()
        time.sleep(FULL_S)
        last = max(payers.heard.paid.values())
        assert last > filled_at + FULL_S - STILL_S, "a full disk of logs stopped payments"
        assert not shutil.disk_usage(disk.place).free
        during = sum(at > filled_at for at in list(payers.heard.paid.values()))
        disk.make_room()
    return f"{during:,} payments in {FULL_S:.0f} s without room for a line, none lost"


if __name__ == "__main__":
    sys.exit(main())
