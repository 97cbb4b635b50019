"""Prove what happens when there is far too much work, and with slow and idle clients.

wrk finds the most transfers a second that 16 clients get. Then it offers 6 and 10 times as many
for SECONDS each, while a few probes measure how long orders, refusals, pages and health checks
take. Some probes close their connection early. In the end the books must hold every order with a
201 once, and every other order once or not at all.
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.api.support.granian import Connection
from tests.bench.bench_api import PREPARE, run_server
from tests.bench.workers import ROOT, manage
from tests.proof.engines import on_both_engines

SECONDS = int(os.environ.get("SECONDS", "20"))
MEMBERS = int(os.environ.get("ACCOUNTS", "2000"))
FACTORS = (6, 10)
PROBES = 12
IMPATIENT_S = 0.4
SLOW, IDLE = 200, 500
GOODPUT, ADMITTED_S, REFUSED_S, PAGE_S = 0.6, 3.0, 0.1, 0.5
RECOVERED, RECOVERY_S = 0.9, 10.0


class Load(NamedTuple):
    """What wrk counted, a second."""

    done: float
    busy: float
    poor: float
    others: int
    timeouts: int

    @property
    def served(self) -> float:
        # A transfer that the payer can't afford costs as much as another.
        return self.done + self.poor


@dataclass
class Probed:
    """What the probes measured, in seconds."""

    done: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    health: list[float] = field(default_factory=list)
    keys_done: set[str] = field(default_factory=set)
    keys_unknown: set[str] = field(default_factory=set)
    others: list[object] = field(default_factory=list)


class Site:
    """The served product, and the clients."""

    def __init__(self, url: str, base_url: str) -> None:
        self.url, self.base_url = url, base_url
        self.port = urlsplit(base_url).port or 0
        token, first = manage(url, "shell", "--verbosity=0", "--command", PREPARE).split()
        self.token, self.first = token, int(first)

    def load(self, clients: int, seconds: float, pause_ms: float = 0) -> Load:
        env = {"TOKEN": self.token, "FIRST": str(self.first), "COUNT": str(MEMBERS)}
        env["PAUSE_MS"] = str(round(pause_ms))
        wrk = ["wrk", "-t1" if clients < 100 else "-t2", f"-c{clients}", f"-d{round(seconds)}s"]
        wrk += ["--timeout", "3s", "-s", "tests/proof/overload.lua", self.base_url]
        ran = subprocess.run(
            wrk, env=os.environ | env, cwd=ROOT, capture_output=True, text=True, check=True
        )
        [line] = [line for line in ran.stdout.splitlines() if line.startswith("RESULT")]
        micros, done, poor, busy, others, timeouts = map(int, line.split()[1:])
        took_s = micros / 1_000_000
        return Load(done / took_s, busy / took_s, poor / took_s, others, timeouts)

    def order(self, probed: Probed, draw: random.Random, *, is_impatient: bool) -> None:
        source, target = draw.sample(range(self.first, self.first + MEMBERS), 2)
        key = f"probe-{draw.randrange(10**15)}"
        body = {"from_user_id": source, "to_user_id": target, "amount_cents": 100}
        line = Connection(self.port, self.token)
        line.connection.timeout = IMPATIENT_S if is_impatient else 20
        began = time.monotonic()
        try:
            status = line.call("POST", "/api/transfer", body, **{"Idempotency-Key": key}).status
        except ConnectionError:
            probed.keys_unknown.add(key)
            return
        finally:
            line.close()
        took_s = time.monotonic() - began
        if status in (201, 400):
            probed.done.append(took_s)
        elif status == 503:
            probed.busy.append(took_s)
        else:
            probed.others.append(status)
        (probed.keys_done if status == 201 else probed.keys_unknown).add(key)

    def read(self, path: str, times: list[float], probed: Probed) -> None:
        began = time.monotonic()
        try:
            status = Connection(self.port, self.token).call("GET", path).status
        except ConnectionError as error:
            probed.others.append(error)
            return
        times.append(time.monotonic() - began)
        if status != 200:
            probed.others.append((path, status))

    def probe(self, ends: float) -> Probed:
        probed = Probed()

        def orders(number: int) -> None:
            draw = random.Random()
            while time.monotonic() < ends:
                self.order(probed, draw, is_impatient=number % 4 == 0)
                time.sleep(0.2)

        def reads() -> None:
            while time.monotonic() < ends:
                self.read("/healthz", probed.health, probed)
                self.read("/accounts/login/", probed.pages, probed)
                time.sleep(0.1)

        jobs = [threading.Thread(target=orders, args=(number,)) for number in range(PROBES)]
        jobs.append(threading.Thread(target=reads))
        for job in jobs:
            job.start()
        for job in jobs:
            job.join()
        return probed


def say(line: str) -> None:
    print(f"  {line}", flush=True)


def p(part: float, times: list[float]) -> float:
    return sorted(times)[min(int(len(times) * part), len(times) - 1)] if times else 0


def prove(_name: str, url: str) -> str:
    manage(url, "migrate", "--verbosity=0")
    if not (ROOT / "staticfiles").exists():
        manage(url, "collectstatic", "--no-input", "--verbosity=0")
    size = [f"--members={MEMBERS}", f"--transactions={2 * MEMBERS}"]
    manage(url, "generate_history", *size, "--seed=1")
    failures: list[str] = []
    with run_server(url) as base_url:
        site = Site(url, base_url)
        site.load(16, 3)
        all_probed = [overloaded(site, factor, failures) for factor in FACTORS]
        slow_and_idle(site, failures)
    check_books(url, all_probed, failures)
    assert not failures, "; ".join(failures)
    return "met"


def overloaded(site: Site, factor: int, failures: list[str]) -> Probed:
    peak = site.load(16, max(SECONDS / 3, 3)).served
    # About two seconds of work wait in the line. As many clients again are refused and come back.
    clients = max(int(4 * peak), 400)
    pause_ms = (clients - 2 * peak) / ((factor - 1) * peak) * 1000
    results: list[Load] = []
    crowd = threading.Thread(target=lambda: results.append(site.load(clients, SECONDS, pause_ms)))
    crowd.start()
    time.sleep(1)
    probed = site.probe(time.monotonic() + SECONDS - 2)
    crowd.join()
    [load] = results
    in_time = sum(took < ADMITTED_S for took in probed.done) / max(len(probed.done), 1)
    goodput = load.served * in_time
    recovered_s = recovery(site, peak)
    offered = (load.served + load.busy) / peak
    say(
        f"{factor} times: peak {peak:.0f}/s, {clients} clients offered {offered:.1f} times that;"
        f" done in 3 s {goodput:.0f}/s ({goodput / peak:.2f}), refused {load.busy:.0f}/s;"
        f" admitted p50 {p(0.5, probed.done):.2f} p99 {p(0.99, probed.done):.2f} s;"
        f" refused p50 {p(0.5, probed.busy) * 1000:.0f} p95 {p(0.95, probed.busy) * 1000:.0f} ms;"
        f" page p99 {p(0.99, probed.pages):.2f}, health p99 {p(0.99, probed.health):.2f} s;"
        f" recovered after {recovered_s:.1f} s"
    )
    goals = {
        "goodput": goodput >= GOODPUT * peak,
        "p99 of what is admitted": p(0.99, probed.done) < ADMITTED_S,
        "refusals": p(0.95, probed.busy) <= REFUSED_S,
        "pages": p(0.99, probed.pages) < PAGE_S,
        "health checks": p(0.99, probed.health) < PAGE_S,
        "recovery": recovered_s <= RECOVERY_S,
        "no other answer": not (load.others or probed.others),
    }
    failures += [f"{factor} times: {goal}" for goal, is_met in goals.items() if not is_met]
    return probed


def recovery(site: Site, peak: float) -> float:
    """Seconds until 16 clients get as much as before."""
    began = time.monotonic()
    while time.monotonic() - began < 3 * RECOVERY_S:
        window_began = time.monotonic()
        if site.load(16, 2).served >= RECOVERED * peak:
            return window_began - began
    return 3 * RECOVERY_S


def slow_and_idle(site: Site, failures: list[str]) -> None:
    """A normal client keeps its times beside slow bodies, slow readers and idle connections."""
    normal = normal_client(site)
    with ExitStack() as stack:

        def connect(text: bytes, buffer: int = 0) -> socket.socket:
            line = socket.socket()
            if buffer:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            line.connect(("127.0.0.1", site.port))
            line.sendall(text)
            return stack.enter_context(closing(line))

        head = (
            f"POST /api/transfer HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {site.token}"
        )
        head += "\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        read = b"GET /api/openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        slow = [connect(head.encode()) for _each in range(SLOW)]
        readers = [connect(read * 4, 4096) for _each in range(SLOW)]
        for _each in range(IDLE):
            connect(b"")
        is_over = threading.Event()

        def drip() -> None:
            while not is_over.wait(1):
                for line in slow:
                    send_one(line)
                for line in readers:
                    line.recv(1)

        dripping = threading.Thread(target=drip)
        dripping.start()
        beside = normal_client(site)
        is_over.set()
        dripping.join()
    for what, before, now in zip(("order", "page"), normal, beside, strict=True):
        say(
            f"{what} beside {SLOW} slow bodies, {SLOW} slow readers, {IDLE} idle:"
            f" p99 {p(0.99, now) * 1000:.0f} ms (before {p(0.99, before) * 1000:.0f})"
        )
        # 0.1 s allows for a busy machine.
        if p(0.99, now) > 2 * p(0.99, before) + 0.1:
            failures.append(f"slow and idle clients: {what}")


def send_one(line: socket.socket) -> None:
    # The server ends it before long, as it should.
    with suppress(OSError):
        line.sendall(b" ")


def normal_client(site: Site) -> tuple[list[float], list[float]]:
    probed, draw = Probed(), random.Random()
    for _each in range(150):
        site.order(probed, draw, is_impatient=False)
        site.read("/accounts/login/", probed.pages, probed)
    assert not probed.others, probed.others
    assert len(probed.done) == 150
    return probed.done, probed.pages


COUNT = """
import json, sys
from django.db.models import Count
from ledger.models import Transaction
keys = Transaction.objects.filter(idempotency_key__startswith="probe-")
print(json.dumps(dict(keys.values_list("idempotency_key").annotate(Count("pk")))))
"""


def check_books(url: str, all_probed: list[Probed], failures: list[str]) -> None:
    booked = json.loads(manage(url, "shell", "--verbosity=0", "--command", COUNT))
    done = set().union(*(each.keys_done for each in all_probed))
    unknown = set().union(*(each.keys_unknown for each in all_probed))
    if any(booked.get(key) != 1 for key in done):
        failures.append("an order with a 201 isn't in the books once")
    if any(times != 1 for times in booked.values()):
        failures.append("an order is in the books twice")
    anyway = sum(key in booked for key in unknown)
    say(
        f"{len(done)} probes heard 201 and are booked once each; of {len(unknown)} refused or gone,"
        f" {anyway} are booked once and {len(unknown) - anyway} not at all"
    )
    say(manage(url, "verify_ledger").splitlines()[-1])


def main() -> int:
    if not shutil.which("wrk"):
        print("wrk is not installed, so overload is not proved (on Debian: apt install wrk).")
        return 1
    _now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65_536), most))
    return on_both_engines(prove)


if __name__ == "__main__":
    sys.exit(main())
