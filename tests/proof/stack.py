"""The product as it runs in production, beside the M-PESA simulator: real processes, real HTTP.

    with stack(url, {"PAYOUT_LEASE_S": "4"}) as it:
        it.desk.get(do="withdraw", count=10)
        it.kill_a_worker()

Leases and looks are short, so that what takes minutes in production takes seconds here. What takes
an hour (a late callback) happens when the simulator's clock is advanced.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nissmart.front.command import command
from tests.bench.workers import ROOT, Worker, environment, manage
from tests.postgres import free_port

SECRET = "k9-Callback_Path-4471"
STARTS_WITHIN_S = 240
WORKERS = 3
# Far above what a proof moves, so that no payment waits for an approval or meets a limit.
NO_LIMIT = str(10**12)
FLOAT_SHILLINGS = 900_000_000
SETTINGS = {
    "RAIL": "mpesa",
    "MPESA_CALLBACK_SECRET": SECRET,
    "MPESA_TIMEOUT_S": "3",
    # Asked about soon and often, where production takes half a minute.
    "MPESA_QUERY_AFTER_S": ",".join(map(str, [3, *range(6, 3600, 4)])),
    "PAYOUT_LEASE_S": "6",
    "LIMIT_CENTS_OUT_PER_DAY": NO_LIMIT,
    "LIMIT_CENTS_BALANCE": NO_LIMIT,
    "APPROVE_ONE_ABOVE_CENTS": NO_LIMIT,
    "APPROVE_TWO_ABOVE_CENTS": NO_LIMIT,
    "APPROVE_ONE_ABOVE_CENTS_A_DAY": NO_LIMIT,
}


class Simulator:
    """The simulator in a separate process, and its controls."""

    def __init__(self, folder: Path, settle_s: float) -> None:
        command = [sys.executable, "-m", "nissmart.sandbox", "--phones=pin", f"--settle={settle_s}"]
        command += [f"--float={FLOAT_SHILLINGS}", f"--certificate={folder / 'certificate.pem'}"]
        log = (folder / "sandbox.log").open("wb")
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True
        )
        assert self.process.stdout
        self.url = self.process.stdout.readline().split()[-1]
        lines = [self.process.stdout.readline().strip() for _each in range(9)]
        self.settings = dict(line.split("=", 1) for line in lines)

    def control(self, name: str, body: Any = None, *, timeout_s: float = 120) -> Any:
        connection = http.client.HTTPConnection(self.url.split("//")[1], timeout=timeout_s)
        try:
            content = None if body is None else json.dumps(body)
            connection.request("GET" if body is None else "POST", f"/_sim/{name}", content)
            answer = connection.getresponse()
            said = answer.read()
            if answer.status != 200:
                raise SystemExit(f"The simulator refused {name}: {said!r}")
            return json.loads(said)
        finally:
            connection.close()

    def advance(self, seconds: float = 0) -> None:
        """Advance its clock, and let all due work happen as far as a second is enough for it."""
        self.control("clock", {"advance_s": seconds, "timeout_s": 1})

    def finish(self) -> None:
        """Let everything happen that is still to come, such as callbacks an hour late."""
        while (state := self.control("clock"))["scheduled"] or state["in_flight"]:
            self.control("clock", {"advance_s": 900, "timeout_s": 60})

    def book(self) -> list[dict[str, Any]]:
        """Every payment that it carried out."""
        return list(self.control("book"))


class Stack:
    """The web server, the workers, the simulator, and the desk at which orders are placed."""

    def __init__(
        self, url: str, simulator: Simulator, web: subprocess.Popen[bytes], port: int
    ) -> None:
        self.url, self.simulator, self.web, self.port = url, simulator, web, port
        self.workers: list[subprocess.Popen[bytes]] = []
        self.kills = 0
        began = time.monotonic()
        self.desk = Worker("desk", url, package="tests.proof")
        self.desk.get(do="count_open")
        # Of a process of the product, on this machine as busy as it is.
        self.starts_in_s = time.monotonic() - began

    def start_worker(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "manage.py", "work"]
        log = None if os.environ.get("VERBOSE") else subprocess.DEVNULL
        worker = subprocess.Popen(
            command, cwd=ROOT, env=environment(self.url), stdout=log, stderr=log
        )
        self.workers.append(worker)
        return worker

    def kill_a_worker(self) -> None:
        """Kill the oldest worker, as the kernel would, and let a new one begin."""
        oldest = self.workers.pop(0)
        oldest.kill()
        oldest.wait()
        self.kills += 1
        self.start_worker()

    def stop_workers(self) -> None:
        for worker in self.workers:
            worker.send_signal(signal.SIGCONT)
            worker.terminate()
        for worker in self.workers:
            worker.wait(60)
        self.workers.clear()

    def send_callback(self, kind: str, body: bytes, query: str = "", secret: str = SECRET) -> int:
        """Send a callback, and return the HTTP status of its acknowledgement."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            path = f"/rails/{secret}/{kind}/{query}"
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def verify(self) -> str:
        """`verify_ledger`, which fails when the books don't balance."""
        return manage(self.url, "verify_ledger")


@contextmanager
def stack(
    url: str,
    settings: Mapping[str, str] | None = None,
    *,
    workers: int = WORKERS,
    settle_s: float = 0.3,
) -> Iterator[Stack]:
    """Migrate the database at `url`, and run everything on it during the block."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="nissmart-proof-") as place:
        simulator = Simulator(Path(place), settle_s)
        port = free_port()
        os.environ.update(SETTINGS | simulator.settings | dict(settings or {}))
        os.environ["MPESA_CALLBACK_BASE_URL"] = f"http://127.0.0.1:{port}"
        try:
            manage(url, "migrate", "--verbosity=0")
            manage(url, "createcachetable", "--verbosity=0")
            if not (ROOT / "staticfiles").exists():
                # A stranger's callback gets the page that says "not found".
                manage(url, "collectstatic", "--no-input", "--verbosity=0")
            with web_server(url, port) as web:
                it = Stack(url, simulator, web, port)
                with it.desk:
                    for _each in range(workers):
                        it.start_worker()
                    try:
                        yield it
                    finally:
                        it.stop_workers()
        finally:
            simulator.process.terminate()
            simulator.process.wait()
            os.environ.clear()
            os.environ.update(before)


@contextmanager
def web_server(
    url: str, port: int, log: Any = None, more: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Serve as in production, for the callbacks. With `more` settings, if any."""
    served = command(host="127.0.0.1", port=port, workers=2)
    if log is None and not os.environ.get("VERBOSE"):
        log = subprocess.DEVNULL
    env = environment(url) | (more or {})
    server = subprocess.Popen(served, cwd=ROOT, env=env, stderr=log, process_group=0)
    try:
        wait_until_ready(server, port)
        yield server
    finally:
        server.terminate()
        server.wait(30)


def wait_until_ready(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise SystemExit("The web server has ended.")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
        finally:
            connection.close()
    raise SystemExit("The web server does not answer.")
