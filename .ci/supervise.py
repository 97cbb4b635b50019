"""Keep processes running side by side until someone asks us to stop; then end them all."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any, Protocol

PAUSE_S = 0.2
STOP_TIMEOUT_S = 10
# A service that ends restarts immediately, then after 1 s, 2 s, 4 s, ... up to BACKOFF_MAX_S. One
# that ran for STABLE_AFTER_S starts over.
BACKOFF_MAX_S = 60
STABLE_AFTER_S = 60
# Ctrl-C, a plain `kill` and a closed terminal all stop us the same way.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Database(Protocol):
    """The services' database server, if we run it. Starting it also recovers from a crash."""

    def is_running(self) -> bool: ...
    def start(self) -> None: ...


@dataclass
class Service:
    """A process to keep running. `address` is the host and port that it answers on, if any."""

    name: str
    command: list[str]
    address: tuple[str, int] | None = None
    has_answered: bool = False
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0
    ended_at: float | None = None
    failures: int = 0

    def start(self) -> None:
        # A separate process group, so Ctrl-C reaches only us and its children end with it.
        self.process = subprocess.Popen(self.command, process_group=0)
        self.started_at, self.ended_at = time.monotonic(), None

    def look(self) -> None:
        """Check whether it answers or has ended, and restart it when that's due."""
        assert self.process is not None
        if self.ended_at is None and self.process.poll() is None:
            self.has_answered = self.has_answered or self.is_answering()
        elif self.ended_at is None:
            self.ended_at = time.monotonic()
            with suppress(ProcessLookupError):  # it may have children left
                os.killpg(self.process.pid, signal.SIGKILL)
            self.failures = 1 if self.was_stable() else self.failures + 1
            if not self.never_came_up():
                print(f"The {self.name} ended; it starts again {self.when()}.", file=sys.stderr)
        elif time.monotonic() >= self.ended_at + self.delay_s():
            self.start()

    def was_stable(self) -> bool:
        return time.monotonic() - self.started_at >= STABLE_AFTER_S

    def never_came_up(self) -> bool:
        """It can't start, and a retry won't help: the port is taken, or settings are wrong."""
        return self.ended_at is not None and self.address is not None and not self.has_answered

    def delay_s(self) -> int:
        return 0 if self.failures == 1 else min(2 ** (self.failures - 2), BACKOFF_MAX_S)

    def when(self) -> str:
        return f"in {self.delay_s()} s" if self.delay_s() else "now"

    def is_answering(self) -> bool:
        return self.address is None or is_answering(self.address)


def run(
    services: list[Service],
    database: Database | None = None,
    on_ready: Callable[[], None] = lambda: None,
) -> int:
    """Keep the services running until a signal stops us. Returns the exit status.

    A service with an address that ends before it ever answered stops everything.
    """
    signals: list[int] = []
    # Record signals, never raise. `make` passes on a signal that the whole group already received,
    # and the second one must not interrupt us while we start or stop a process.
    for number in SIGNALS:
        signal.signal(number, lambda number, _frame: signals.append(number))
    is_ready = False
    try:
        for service in services:
            service.start()
        while not signals:
            if database and not database.is_running():
                print("The database ended; it starts again now.", file=sys.stderr)
                database.start()
            for service in services:
                service.look()
                if service.never_came_up():
                    assert service.process is not None
                    return service.process.returncode % 256 or 1
            if not is_ready and all(service.has_answered for service in services):
                is_ready = True
                on_ready()
            time.sleep(PAUSE_S)
    finally:
        stop([service.process for service in services if service.process])
    return 0


def stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def interrupt_once() -> None:
    """Turn the first signal into KeyboardInterrupt, and ignore the others while we clean up."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number in SIGNALS:
            signal.signal(number, ignore)
        raise KeyboardInterrupt

    def ignore(_number: int, _frame: Any) -> None: ...

    for number in SIGNALS:
        signal.signal(number, interrupt)


def is_answering(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return False
    return True
