"""What one order costs the database: processor time, disk and log. And how long a copy takes.

Sixteen clients send money through the product over HTTP for SECONDS.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import psycopg

from tests.bench.workers import manage, warn_if_busy
from tests.postgres import PostgresError, find_binaries, free_port, server, superuser_of
from tests.proof.payers import Payers
from tests.proof.processes import cpu_s, with_children
from tests.proof.prove_failover import PREPARE
from tests.proof.stack import web_server

SECONDS = float(os.environ.get("SECONDS", "20"))
CLIENTS, WARM_UP_S = 16, 3
YEAR_DAYS = 365
ORDERS_A_DAY = (10_000, 100_000, 1_000_000)
# What grows with the orders, and the log in bytes.
USED = """SELECT sum(pg_total_relation_size(oid))::bigint, (pg_current_wal_lsn() - '0/0')::bigint
    FROM pg_class WHERE relname IN ('ledger_transaction', 'ledger_entry')"""


class Sample(NamedTuple):
    """How much was used up to now."""

    orders: int
    seconds: float
    web_s: float
    database_s: float
    disk_bytes: int
    log_bytes: int


def main() -> int:
    try:
        with server() as url, psycopg.connect(superuser_of(url), autocommit=True) as line:
            manage(url, "migrate", "--verbosity=0")
            manage(url, "createcachetable", "--verbosity=0")
            measure(url, line)
            copy(url, line)
    except PostgresError as error:
        print(error, file=sys.stderr)
        return 1
    warn_if_busy()
    return 0


def measure(url: str, line: psycopg.Connection) -> None:
    token, *members = manage(url, "shell", "--verbosity=0", "--command", PREPARE).split()
    port = free_port()
    with web_server(url, port) as web:
        payers = Payers(port, token, list(map(int, members)), CLIENTS, pause_s=0)
        payers.start()
        time.sleep(WARM_UP_S)
        first = sample(line, payers, web.pid)
        time.sleep(SECONDS)
        last = sample(line, payers, web.pid)
        payers.stop()
    used = [after - before for before, after in zip(first, last, strict=True)]
    orders, seconds, web_s, database_s, disk, log = (float(each) for each in used)
    print(
        f"{orders / seconds:,.0f} orders a second over HTTP, {CLIENTS} clients, two web processes"
    )
    web_us, database_us = (each / orders * 1e6 for each in (web_s, database_s))
    print(f"CPU of one: web {web_us:,.0f} us, database {database_us:,.0f} us")
    print(f"Bytes of one: {disk / orders:,.0f} in tables and indexes, {log / orders:,.0f} of log")
    for a_day in ORDERS_A_DAY:
        grows_gb, log_gb = a_day * YEAR_DAYS * disk / orders / 1e9, a_day * log / orders / 1e9
        print(f"{a_day:>9,} orders a day: {grows_gb:,.1f} GB a year, {log_gb:,.1f} GB of log a day")


def sample(line: psycopg.Connection, payers: Payers, web_pid: int) -> Sample:
    disk, log = line.execute(USED).fetchone() or (0, 0)
    postmaster = parent_of(line.info.backend_pid)
    return Sample(
        len(payers.heard.paid),
        time.monotonic(),
        sum(map(cpu_s, with_children(web_pid))),
        sum(map(cpu_s, with_children(postmaster))),
        disk,
        log,
    )


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def copy(url: str, line: psycopg.Connection) -> None:
    """Time a copy of the whole server, as a backup or a new standby begins."""
    size = line.execute("SELECT sum(pg_database_size(oid))::bigint FROM pg_database").fetchone()
    with tempfile.TemporaryDirectory(prefix="nissmart-bench-") as place:
        began = time.monotonic()
        command = [
            find_binaries() / "pg_basebackup",
            "-d",
            superuser_of(url),
            "-D",
            f"{place}/copy",
            "-c",
            "fast",
        ]
        subprocess.run(command, check=True)
        took_s = time.monotonic() - began
    megabytes = (size[0] if size else 0) / 1e6
    print(
        f"A copy of {megabytes:,.0f} MB takes {took_s:.1f} s: {megabytes / took_s:,.0f} MB a second"
    )


if __name__ == "__main__":
    sys.exit(main())
