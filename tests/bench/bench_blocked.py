"""Measure what a locked account, a stopped database process or a held write lock costs others.

16 clients send transfers through the real server. A quarter of the transfers go to one account.
Normal rounds alternate with blocked ones: another session locks that account (on SQLite, the
whole database), or one PostgreSQL process is stopped during a batch. Meanwhile, other clients
time `/healthz` and a balance. ROUNDS and SECONDS set the number and length of the rounds.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from statistics import median
from urllib.parse import urlsplit

import psycopg

from tests.api.support.granian import Connection
from tests.bench.bench_api import PREPARE, run_server
from tests.bench.workers import manage, warn_if_busy
from tests.postgres import PostgresError, server

ROUNDS = int(os.environ.get("ROUNDS", "3"))
SECONDS = float(os.environ.get("SECONDS", "6"))
MEMBERS = int(os.environ.get("ACCOUNTS", "10000"))
CLIENTS = 16
GOAL_RATIO, GOAL_P99, GOAL_READ_S, GOAL_BUSY_S = 0.7, 3.0, 0.2, 5.0

# A process between two round trips. It holds rows, but nothing that the whole server needs.
FIND_HOLDER = """
    SELECT activity.pid FROM pg_stat_activity activity JOIN pg_locks USING (pid)
    WHERE state = 'idle in transaction' AND client_port IS NOT NULL AND pid <> pg_backend_pid()
      AND relation = 'wallet_account'::regclass AND mode = 'RowShareLock' AND granted"""

type Blocking = Callable[[], AbstractContextManager[None]]


@dataclass
class Round:
    """What the clients measured in one round, in seconds."""

    others: list[float] = field(default_factory=list)
    hot: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    healthz: list[float] = field(default_factory=list)
    balances: list[float] = field(default_factory=list)
    broken: int = 0


class Crowd:
    """The clients of one server."""

    def __init__(self, url: str, port: int) -> None:
        token, first = manage(url, "shell", "--verbosity=0", "--command", PREPARE).split()
        self.port, self.token, self.first = port, token, int(first)
        # A quarter of the transfers go to this member.
        self.hot_id = self.first + MEMBERS // 2

    def run(self) -> Round:
        """One round of load."""
        measured, ends = Round(), time.monotonic() + SECONDS
        jobs = [lambda: self.send(measured, ends)] * CLIENTS
        jobs.append(lambda: self.read("/healthz", measured.healthz, ends))
        jobs.append(lambda: self.read(f"/api/balance/{self.hot_id}", measured.balances, ends))
        threads = [threading.Thread(target=job) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return measured

    def send(self, measured: Round, ends: float) -> None:
        line, draw = Connection(self.port, self.token), random.Random()
        while (began := time.monotonic()) < ends:
            source, target = draw.sample(range(self.first, self.first + MEMBERS), 2)
            is_hot = draw.random() < 0.25
            if is_hot:
                target = self.hot_id
            if source == target:
                continue
            body = {"from_user_id": source, "to_user_id": target, "amount_cents": 100}
            try:
                status = line.call("POST", "/api/transfer", body).status
            except ConnectionError:
                status = 0
            took = time.monotonic() - began
            if status == 503:
                measured.busy.append(took)
            elif status in (201, 400):  # 400: too little money
                (measured.hot if is_hot else measured.others).append(took)
            else:
                measured.broken += 1

    def read(self, path: str, times: list[float], ends: float) -> None:
        line = Connection(self.port, self.token)
        while (began := time.monotonic()) < ends:
            line.call("GET", path)
            times.append(time.monotonic() - began)
            time.sleep(0.05)


def main() -> int:
    print(f"{MEMBERS:,} members, {CLIENTS} clients, 2 workers; {ROUNDS} x {SECONDS:g} s each")
    met = []
    try:
        with server() as url:
            met += on_postgresql(url)
    except PostgresError as error:
        print(error, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="nissmart-bench-") as place:
        met.append(on_sqlite(f"{place}/db.sqlite3"))
    print(
        f"Goal: others >= {GOAL_RATIO} of normal (PostgreSQL), their p99 <= {GOAL_P99:g} times"
        f" normal, reads <= {GOAL_READ_S} s, busy within {GOAL_BUSY_S:g} s:"
        f" {'met' if all(met) else 'MISSED'}."
    )
    warn_if_busy()
    return 0


def on_postgresql(url: str) -> list[bool]:
    fill(url)
    with run_server(url) as base_url:
        crowd = Crowd(url, port_of(base_url))
        crowd.run()  # warm up connections and query plans
        met = [
            compare("account held", crowd, lambda: hold_account(url, crowd.hot_id)),
            compare("process stopped", crowd, lambda: stop_process(url)),
        ]
    print(f"  {manage(url, 'verify_ledger')}")
    return met


def on_sqlite(path: str) -> bool:
    url = f"sqlite:///{path}"
    fill(url)
    with run_server(url) as base_url:
        crowd = Crowd(url, port_of(base_url))
        crowd.run()
        met = compare("write lock held", crowd, lambda: hold_write_lock(path), writes=False)
    print(f"  {manage(url, 'verify_ledger')}")
    return met


def fill(url: str) -> None:
    manage(url, "migrate", "--verbosity=0")
    size = [f"--members={MEMBERS}", f"--transactions={2 * MEMBERS}"]
    manage(url, "generate_history", *size, "--seed=1")


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port
    return port


def compare(name: str, crowd: Crowd, blocking: Blocking, *, writes: bool = True) -> bool:
    """Alternate normal and blocked rounds, print both, and return whether the goals are met."""
    normal, blocked = [], []
    for _number in range(ROUNDS):
        normal.append(crowd.run())
        with blocking():
            blocked.append(crowd.run())
    print(f"\n{name}")
    print(f"{'':<8} {'others/s':>9} {'p99 ms':>7} {'busy/s':>7} {'busy max s':>10}", end="")
    print(f" {'healthz max s':>13} {'balance max s':>13} {'broken':>6}")
    for label, rounds in (("normal", normal), ("blocked", blocked)):
        figures = [rate(rounds), p99([t for each in rounds for t in each.others]) * 1000]
        busy = [t for each in rounds for t in each.busy]
        figures += [len(busy) / ROUNDS / SECONDS, max(busy, default=0)]
        figures += [max_of(rounds, "healthz"), max_of(rounds, "balances")]
        print(
            "{:<8} {:>9.0f} {:>7.0f} {:>7.1f} {:>10.2f} {:>13.3f} {:>13.3f}".format(
                label, *figures
            ),
            end="",
        )
        print(f" {sum(each.broken for each in rounds):>6}")
    ratio = (
        median(rate([b]) / rate([n]) for b, n in zip(blocked, normal, strict=True)) if writes else 1
    )
    slower = (
        median(p99(b.others) / p99(n.others) for b, n in zip(blocked, normal, strict=True))
        if writes
        else 1
    )
    print(f"others keep {ratio:.2f} of normal, their p99 is {slower:.1f} times" if writes else "")
    reads_s = max(max_of(blocked, "healthz"), max_of(blocked, "balances"))
    busy_s = max((t for each in blocked for t in each.busy), default=0)
    return (
        ratio >= GOAL_RATIO
        and slower <= GOAL_P99
        and reads_s <= GOAL_READ_S
        and busy_s <= GOAL_BUSY_S
    )


def rate(rounds: list[Round]) -> float:
    return median(len(each.others) for each in rounds) / SECONDS


def p99(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)] if times else float("inf")


def max_of(rounds: list[Round], name: str) -> float:
    return max((t for each in rounds for t in getattr(each, name)), default=0)


@contextmanager
def hold_account(url: str, user_id: int) -> Iterator[None]:
    with psycopg.connect(url) as stranger:
        stranger.execute("SELECT 1 FROM wallet_account WHERE user_id = %s FOR UPDATE", [user_id])
        yield
        stranger.rollback()


@contextmanager
def stop_process(url: str) -> Iterator[None]:
    """Stop a process that holds rows shortly after the load begins, until the block ends."""
    stopped: list[int] = []
    is_over = threading.Event()

    def stop_one() -> None:
        time.sleep(0.5)
        with psycopg.connect(url, autocommit=True) as line:
            while not is_over.is_set():
                for (pid,) in line.execute(FIND_HOLDER).fetchall():
                    os.kill(pid, signal.SIGSTOP)
                    if (pid,) in line.execute(FIND_HOLDER).fetchall():
                        stopped.append(pid)
                        return
                    os.kill(pid, signal.SIGCONT)

    stopper = threading.Thread(target=stop_one)
    stopper.start()
    try:
        yield
    finally:
        is_over.set()
        stopper.join()
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    print(f"  stopped: {stopped}")


@contextmanager
def hold_write_lock(path: str) -> Iterator[None]:
    stranger = sqlite3.connect(path, isolation_level=None, timeout=30)
    stranger.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        stranger.rollback()
        stranger.close()


if __name__ == "__main__":
    sys.exit(main())
