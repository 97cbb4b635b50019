"""`make run` keeps its processes running, and ends all of them when it ends."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from nissmart.embedded_postgres import free_port

pytestmark = pytest.mark.any_engine

# Runs the services in its arguments. Each has a file, a port or 0, and a Python program.
SUPERVISOR = """
import sys
sys.path.insert(0, ".ci")
import supervise

supervise.PAUSE_S, supervise.STOP_TIMEOUT_S = 0.05, 0.8
rest, services = sys.argv[1:], []
while rest:
    file, port, program, *rest = rest
    address = ("127.0.0.1", int(port)) if int(port) else None
    command = [sys.executable, "-c", program, file, port]
    services.append(supervise.Service("service", command, address))
sys.exit(supervise.run(services))
"""
# Each program first writes its process id to its file.
NOTE = """
import os, pathlib, signal, socket, subprocess, sys, time

def note():
    with pathlib.Path(sys.argv[1]).open("a") as file:
        file.write(f"{os.getpid()}\\n")
def serve():
    return socket.create_server(("127.0.0.1", int(sys.argv[2])))
"""
SLEEP = NOTE + "note(); time.sleep(60)"
STUBBORN = NOTE + "signal.signal(signal.SIGTERM, signal.SIG_IGN); note(); time.sleep(60)"
DIE = NOTE + "note(); sys.exit(3)"
SERVE_A_MOMENT = NOTE + "note(); server = serve(); time.sleep(0.5); sys.exit(3)"
SERVE_WITH_A_CHILD = NOTE + "server = serve(); os.fork(); note(); time.sleep(60)"

type Supervise = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def supervise(tmp_path) -> Iterator[Supervise]:
    """Starts a supervisor of these programs. Each gets a file of its name, and `web` the port."""
    started = []

    def supervise(port: int = 0, **programs: str) -> subprocess.Popen[bytes]:
        services = [
            (str(tmp_path / name), str(port if name == "web" else 0), program)
            for name, program in programs.items()
        ]
        command = [sys.executable, "-c", SUPERVISOR, *itertools.chain(*services)]
        env = {"PATH": os.environ["PATH"]}
        started.append(subprocess.Popen(command, cwd=settings.BASE_DIR, env=env))
        return started[-1]

    yield supervise
    pids = [int(pid) for file in tmp_path.iterdir() for pid in file.read_text().split()]
    for pid in [*(process.pid for process in started), *pids]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for process in started:
        process.wait()


def starts(place: Path, count: int = 1) -> list[int]:
    """Wait until this service has started `count` times. Returns its process ids."""
    for _ in range(400):
        if place.exists() and len(pids := place.read_text().split()) >= count:
            return [int(pid) for pid in pids]
        time.sleep(0.05)
    raise AssertionError(f"{place.name} hasn't started {count} times")


def is_alive(pid: int) -> bool:
    """Is it running? An orphan that ended may stay a zombie forever."""
    try:
        os.kill(pid, 0)
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except ProcessLookupError:
        return False
    except FileNotFoundError:  # not on Linux
        return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_everything_even_when_it_comes_twice(tmp_path, supervise, number):
    supervisor = supervise(stubborn=STUBBORN, docile=SLEEP)
    pids = starts(tmp_path / "stubborn") + starts(tmp_path / "docile")
    supervisor.send_signal(number)
    time.sleep(0.3)
    supervisor.send_signal(number)  # `make` passes on a signal that the whole group received
    assert supervisor.wait(10) == 0
    assert not [pid for pid in pids if is_alive(pid)]


def test_a_killed_worker_restarts(tmp_path, supervise):
    supervisor = supervise(worker=SLEEP, other=SLEEP)
    (first,), (other,) = starts(tmp_path / "worker"), starts(tmp_path / "other")
    os.kill(first, signal.SIGKILL)
    _first, second = starts(tmp_path / "worker", 2)
    assert is_alive(second)
    assert is_alive(other)
    assert supervisor.poll() is None
    supervisor.terminate()
    assert supervisor.wait(10) == 0
    assert not is_alive(second)


def test_a_worker_that_keeps_dying_restarts_ever_later(tmp_path, supervise):
    supervisor = supervise(worker=DIE)
    # Immediately, after 1 s, and after 2 s more.
    before = time.monotonic()
    starts(tmp_path / "worker", 4)
    assert time.monotonic() - before > 2.5
    assert supervisor.poll() is None


def test_a_web_server_that_has_answered_restarts(tmp_path, supervise):
    supervisor = supervise(port=free_port(), web=SERVE_A_MOMENT, worker=SLEEP)
    starts(tmp_path / "web", 2)
    assert supervisor.poll() is None
    assert len(starts(tmp_path / "worker")) == 1


def test_a_web_server_that_never_answered_stops_everything(tmp_path, supervise):
    supervisor = supervise(port=free_port(), worker=SLEEP, web=DIE)
    assert supervisor.wait(10) == 3
    assert len(starts(tmp_path / "web")) == 1
    assert not is_alive(*starts(tmp_path / "worker"))


def test_children_of_a_killed_web_server_end_before_it_restarts(tmp_path, supervise):
    port = free_port()
    supervise(port=port, web=SERVE_WITH_A_CHILD)
    pids = starts(tmp_path / "web", 2)
    time.sleep(0.5)  # the supervisor sees that it answers
    supervised = next(pid for pid in pids if os.getpgid(pid) == pid)
    os.kill(supervised, signal.SIGKILL)
    starts(tmp_path / "web", 4)
    assert not [pid for pid in pids if is_alive(pid)]
