"""Two hours of ordinary work: no process grows, none leaks descriptors, none gets slower.

The web server and a worker serve a mixed load on PostgreSQL: strangers at the sign-in page and with
wrong codes, payments by the API, reads, and whatever the worker does by itself. Every minute it
measures the memory and the open files of all processes, the time of answers, and the size of the
database and of what grew in it.

SOAK_S is how long, WARM_S after how long memory must be steady (15 minutes), RATE how many requests
a second.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median, quantiles
from threading import Event, Thread
from typing import NamedTuple
from uuid import uuid4

import psycopg

from tests.bench.workers import ROOT, warn_if_busy
from tests.postgres import PostgresError, server
from tests.proof.processes import with_children
from tests.proof.prove_upgrade import MEMBERS, PREPARE
from tests.proof.release import Release

SOAK_S = float(os.environ.get("SOAK_S", "7200"))
WARM_S = float(os.environ.get("WARM_S", str(min(900.0, SOAK_S / 3))))
RATE = float(os.environ.get("RATE", "20"))
CLIENTS = 4
SAMPLE_S = min(60.0, SOAK_S / 12)
GROWTH = 1.10
# The slowest hundredth at the end, against that after the warm-up; below the second it's noise.
SLOWER, NOISE_MS = 2.0, 100.0
TABLES = """
SELECT relname, pg_total_relation_size(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"""


class Sample(NamedTuple):
    """What one minute showed. Memory in MB, sizes in bytes, times in milliseconds."""

    at_s: float
    memory: dict[str, float]
    files: dict[str, int]
    p99_ms: float
    database: int


class Load(Thread):
    """One client that sends its share of the requests, at a steady rate."""

    def __init__(self, port: int, token: str, first: int, stopping: Event) -> None:
        super().__init__(daemon=True)
        self.port, self.token, self.first, self.stopping = port, token, first, stopping
        self.taken: list[float] = []
        self.counts: Counter[int] = Counter()

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        next_at = time.monotonic()
        while not self.stopping.is_set():
            next_at = max(next_at + CLIENTS / RATE, time.monotonic() - 1)
            began = time.perf_counter()
            try:
                self.counts[self.request(connection)] += 1
                self.taken.append((time.perf_counter() - began) * 1000)
            except (OSError, http.client.HTTPException):
                self.counts[599] += 1
                connection.close()
            self.stopping.wait(max(0.0, next_at - time.monotonic()))

    def request(self, connection: http.client.HTTPConnection) -> int:
        member = self.first + random.randrange(MEMBERS)
        other = self.first + (member - self.first + 1) % MEMBERS
        payment = {"from_user_id": member, "to_user_id": other, "amount_cents": 1_00}
        sent: tuple[str, str, object] = random.choices(
            [
                ("GET", "/accounts/login/", None),
                ("GET", "/verify/ABCDEFGHJKMNPQRS/", None),
                ("GET", f"/api/balance/{member}", None),
                ("GET", f"/api/transactions/{member}", None),
                ("POST", "/api/transfer", payment),
            ],
            weights=[2, 1, 3, 2, 3],
        )[0]
        method, path, body = sent
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
        if path.startswith("/api"):
            headers["Authorization"] = f"Bearer {self.token}"
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status


def main() -> int:
    try:
        with server() as url, tempfile.TemporaryDirectory(prefix="nissmart-soak-") as name:
            release = Release(ROOT, url, Path(name) / "log")
            try:
                print(f"PostgreSQL: {prove(release, url)}")
            except AssertionError as error:
                print(f"PostgreSQL: REFUTED: {error}")
                return 1
    except PostgresError as error:
        print(error, file=sys.stderr)
        return 1
    warn_if_busy()
    return 0


def prove(release: Release, url: str) -> str:
    release.manage("migrate", "--verbosity=0")
    release.manage("createcachetable")
    release.manage("collectstatic", "--no-input", "--verbosity=0")
    token, first = release.manage("shell", "--verbosity=0", "--command", PREPARE).split()
    worker = subprocess.Popen(
        [sys.executable, "manage.py", "work"],
        cwd=ROOT,
        env=release.environment,
        stdout=subprocess.DEVNULL,
        stderr=release.log.open("ab"),
    )
    stopping = Event()
    try:
        with release.serve() as port:
            clients = [Load(port, token, int(first), stopping) for _number in range(CLIENTS)]
            before = sizes(url)
            for client in clients:
                client.start()
            samples = observe(clients, {"web": web_pid(port), "worker": worker.pid}, url)
            stopping.set()
            for client in clients:
                client.join(60)
        grown = {name: size - before.get(name, 0) for name, size in sizes(url).items()}
    finally:
        worker.terminate()
        worker.wait(60)
    counts = sum((client.counts for client in clients), Counter[int]())
    return f"{check(samples, counts)}; {explain(grown)}; {release.manage('verify_ledger')}"


def observe(clients: list[Load], roots: dict[str, int], url: str) -> list[Sample]:
    samples: list[Sample] = []
    began = time.monotonic()
    while (passed := time.monotonic() - began) < SOAK_S:
        time.sleep(SAMPLE_S)
        taken = [each for client in clients for each in client.taken]
        for client in clients:
            client.taken = []
        pids = {name: with_children(pid) for name, pid in roots.items()}
        sample = Sample(
            passed + SAMPLE_S,
            {name: sum(map(memory_mb, each)) for name, each in pids.items()},
            {name: sum(map(open_files, each)) for name, each in pids.items()},
            quantiles(taken, n=100)[-1] if len(taken) > 1 else 0.0,
            sum(sizes(url).values()),
        )
        samples.append(sample)
        memory = ", ".join(f"{name} {mb:.0f} MB" for name, mb in sample.memory.items())
        files = ", ".join(f"{name} {n}" for name, n in sample.files.items())
        print(
            f"{sample.at_s:6.0f} s: {memory}; open files {files}; p99 {sample.p99_ms:.0f} ms; "
            f"database {sample.database >> 20} MB",
            flush=True,
        )
    return samples


def check(samples: list[Sample], counts: Counter[int]) -> str:
    late = [sample for sample in samples if sample.at_s >= WARM_S]
    half = max(1, len(late) // 2)
    early, last = late[:half], late[-half:]
    bad = {status: n for status, n in counts.items() if status >= 500}
    assert not bad, f"failures: {bad}"
    growth = {}
    for name in late[0].memory:
        growth[name] = median(one.memory[name] for one in last) / median(
            one.memory[name] for one in early
        )
        assert growth[name] < GROWTH, f"the {name} grew to {growth[name]:.2f} times its memory"
        files = [min(one.files[name] for one in some) for some in (early, last)]
        # A thread more or less has its connection.
        assert files[1] <= files[0] + 4, f"the {name} has more open files: {files}"
    p99s = [median(one.p99_ms for one in some) for some in (early, last)]
    assert p99s[1] < max(NOISE_MS, SLOWER * p99s[0]), (
        f"p99 went from {p99s[0]:.0f} to {p99s[1]:.0f}"
    )
    grew = ", ".join(f"{name} {ratio - 1:+.1%}" for name, ratio in growth.items())
    return (
        f"{sum(counts.values())} requests in {samples[-1].at_s:.0f} s, none failed; memory after "
        f"{WARM_S:.0f} s: {grew}; p99 {p99s[0]:.0f} ms, then {p99s[1]:.0f} ms"
    )


def explain(grown: dict[str, int]) -> str:
    """Which tables grew, as a share of all growth."""
    total = sum(grown.values()) or 1
    most = sorted(grown.items(), key=lambda one: -one[1])[:5]
    said = ", ".join(f"{name} {size / total:.0%}" for name, size in most if size > 0)
    return f"the database grew by {total / 2**20:.0f} MB: {said}"


def sizes(url: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        return dict(connection.execute(TABLES).fetchall())


def web_pid(port: int) -> int:
    """The server that was started with this port."""
    for place in Path("/proc").glob("[0-9]*"):
        try:
            command = (place / "cmdline").read_bytes()
            parent = (place / "stat").read_text().rsplit(")", 1)[1].split()[1]
        except OSError:
            continue
        if f"--port={port}\0".encode() in command and int(parent) == os.getpid():
            return int(place.name)
    raise AssertionError("the web server has ended")


def memory_mb(pid: int) -> float:
    """What it has for itself, and its share of what it has with others."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    [line] = [one for one in text.splitlines() if one.startswith("Pss:")]
    return int(line.split()[1]) / 1024


def open_files(pid: int) -> int:
    try:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
