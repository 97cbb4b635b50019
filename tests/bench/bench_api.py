"""Measure transfers a second through the real server over HTTP, with 16 connections.

wrk sends the requests, each with a token and an idempotency key. ROUNDS is the number of runs,
SECONDS the length of each, and ACCOUNTS the number of members.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import NamedTuple

from nissmart.front.command import command
from tests.bench.workers import ROOT, environment, manage
from tests.postgres import PostgresError, free_port, server

ROUNDS = int(os.environ.get("ROUNDS", "3"))
SECONDS = int(float(os.environ.get("SECONDS", "5")))
ACCOUNTS = int(os.environ.get("ACCOUNTS", "10000"))
CONNECTIONS = 16
START_TIMEOUT_S = 60


class Load(NamedTuple):
    """One run of wrk."""

    per_second: float
    refused: int
    p50_ms: float
    p99_ms: float


def main() -> int:
    if not shutil.which("wrk"):
        print("wrk is not installed, so the API is not measured (on Debian: apt install wrk).")
        return 0
    print(f"{ACCOUNTS:,} members, {CONNECTIONS} connections, 2 workers; {ROUNDS} x {SECONDS} s")
    print(f"{'database':<12}  {'requests/s':>22}  {'p50 ms':>7}  {'p99 ms':>7}  refused")
    try:
        with server() as url:
            measure("PostgreSQL", url)
    except PostgresError as error:
        print(error, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="nissmart-bench-") as place:
        measure("SQLite", f"sqlite:///{place}/db.sqlite3")
    return 0


def measure(name: str, url: str) -> None:
    manage(url, "migrate", "--verbosity=0")
    size = [f"--members={ACCOUNTS}", f"--transactions={2 * ACCOUNTS}"]
    manage(url, "generate_history", *size, "--seed=1")
    token, first = manage(url, "shell", "--verbosity=0", "--command", PREPARE).split()
    with run_server(url) as base_url:
        env = os.environ | {"TOKEN": token, "FIRST": first, "COUNT": str(ACCOUNTS)}
        loads = [load(base_url, env) for _round in range(ROUNDS)]
    speeds = [one.per_second for one in loads]
    spread = f"{median(speeds):,.0f} ({min(speeds):,.0f}-{max(speeds):,.0f})"
    p50, p99 = median(one.p50_ms for one in loads), median(one.p99_ms for one in loads)
    refused = sum(one.refused for one in loads)
    print(f"{name:<12}  {spread:>22}  {p50:>7.1f}  {p99:>7.1f}  {refused}")
    print(f"  {manage(url, 'verify_ledger')}")


PREPARE = """
from wallet.api import tokens
from wallet.models import User
first = User.objects.order_by("pk").first()
service = User.objects.create_user(name="Benchmark")
print(tokens.issue(user_id=service.pk, scope="service", name="benchmark")[1], first.pk)
"""


@contextmanager
def run_server(url: str) -> Iterator[str]:
    """Run the product on a free port as in production, and yield its URL."""
    port = free_port()
    env = environment(url) | {"ALLOWED_HOSTS": "127.0.0.1"}
    served = command(host="127.0.0.1", port=port, workers=2)
    process = subprocess.Popen(served, cwd=ROOT, env=env)
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait()


def wait_for(url: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def load(base_url: str, env: dict[str, str]) -> Load:
    wrk = ["wrk", "-t2", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--timeout", "10s"]
    wrk += ["-s", str(ROOT / "tests/bench/transfer.lua"), base_url]
    done = subprocess.run(wrk, env=env, capture_output=True, text=True, check=True)
    result = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
    requests, micros, refused, broken, p50_ms, p99_ms = result.split()[1:]
    if int(broken):
        raise SystemExit(f"{broken} of {requests} requests got no answer, or a wrong one.")
    return Load(int(requests) / int(micros) * 1_000_000, int(refused), float(p50_ms), float(p99_ms))


if __name__ == "__main__":
    sys.exit(main())
