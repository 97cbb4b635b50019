"""Measure what workers alone carry: payouts sent to a server that does nothing but accept them.

No callbacks come, and no web server runs: `bench_payouts` measures all together. CPU is that of the
workers for one payout.

ROUNDS is the number of runs, PAYOUTS how many in each, WORKERS the number of processes, ENGINE
`postgres` or `sqlite`. PAYOUT_THREADS may be set as in production.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tests.bench.workers import ROOT, Worker, environment, manage, warn_if_busy
from tests.postgres import PostgresError, free_port, server
from tests.proof.processes import cpu_s
from tests.proof.running import wait_until
from tests.proof.stack import SETTINGS, Simulator

ROUNDS = int(os.environ.get("ROUNDS", "3"))
PAYOUTS = int(os.environ.get("PAYOUTS", "600"))
WORKERS = int(os.environ.get("WORKERS", "2"))
MEMBERS, FUNDS = 60, 100_000
SLOW = "It takes too long."


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(f"{WORKERS} workers, {PAYOUTS} payouts, medians of {ROUNDS} runs (lowest-highest)")
    try:
        with database() as url, tempfile.TemporaryDirectory() as place, stub(Path(place)):
            manage(url, "migrate", "--verbosity=0")
            with Worker("desk", url, package="tests.proof") as desk:
                desk.get(do="prepare", members=MEMBERS, shillings=FUNDS)
                runs = [send(desk, url) for _round in range(ROUNDS)]
    except PostgresError as error:
        print(error, file=sys.stderr)
        return 1
    report("payouts sent/s", [per_second for per_second, _cpu_ms in runs])
    report("CPU ms for each payout", [cpu_ms for _per_second, cpu_ms in runs])
    warn_if_busy()
    return 0


@contextmanager
def database() -> Iterator[str]:
    if os.environ.get("ENGINE") == "sqlite":
        with tempfile.TemporaryDirectory() as place:
            yield f"sqlite:///{place}/bench.sqlite3"
    else:
        with server() as url:
            yield url


@contextmanager
def stub(place: Path) -> Iterator[None]:
    """Run the stub, with the settings and the certificate that the simulator would ask for."""
    simulator, port = Simulator(place, 0), free_port()
    simulator.process.terminate()
    simulator.process.wait()
    os.environ.update(SETTINGS | simulator.settings)
    os.environ |= {"MPESA_QUERY_AFTER_S": "9999", "PAYOUT_LEASE_S": "180"}
    os.environ["MPESA_BASE_URL"] = f"http://127.0.0.1:{port}"
    os.environ["MPESA_CALLBACK_BASE_URL"] = "http://127.0.0.1:9"
    command = [sys.executable, "-m", "tests.bench.stub_daraja", str(port)]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def send(desk: Worker, url: str) -> tuple[float, float]:
    """Payouts a second from the first request to the last, and CPU in ms for each."""
    desk.get(do="order", verb="withdraw", count=PAYOUTS)
    command, env = [sys.executable, "manage.py", "work"], environment(url)
    workers = [subprocess.Popen(command, cwd=ROOT, env=env) for _each in range(WORKERS)]
    wait_until(lambda: desk.get(do="count_unsent") < PAYOUTS, SLOW)
    before, began = desk.get(do="count_unsent"), time.monotonic()
    cpu = sum(cpu_s(worker.pid) for worker in workers)
    wait_until(lambda: not desk.get(do="count_unsent"), SLOW)
    took_s = time.monotonic() - began
    cpu = sum(cpu_s(worker.pid) for worker in workers) - cpu
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.wait(60)
    return before / took_s, cpu / before * 1000


def report(name: str, values: list[float]) -> None:
    print(f"{name}: {median(values):,.1f} ({min(values):,.1f}-{max(values):,.1f})")


if __name__ == "__main__":
    sys.exit(main())
