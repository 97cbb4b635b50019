"""Whatever ends `make run`, nothing that it has started lives on."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

# Two processes: one that does not want to stop, so that it takes force, and one that does.
SCRIPT = """
import sys
sys.path.insert(0, ".ci")
import serve

serve.STOP_TIMEOUT_S = 1
tell = "import os, pathlib, signal, time; {how}; "
tell += "pathlib.Path('{file}').write_text(str(os.getpid()))"
stubborn = tell.format(how="signal.signal(signal.SIGTERM, signal.SIG_IGN)", file=sys.argv[1])
docile = tell.format(how="pass", file=sys.argv[2])
commands = [[sys.executable, "-c", each + "; time.sleep(60)"] for each in (stubborn, docile)]
sys.exit(serve.supervise(commands, port=1))
"""


@pytest.fixture
def served(tmp_path) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    """The supervisor of two processes, and their ids."""
    files = [tmp_path / "stubborn", tmp_path / "docile"]
    env = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "nissmart.settings"}
    command = [sys.executable, "-c", SCRIPT, *map(str, files)]
    with subprocess.Popen(command, cwd=settings.BASE_DIR, env=env) as supervisor:
        pids = [pid_in(file) for file in files]
        yield supervisor, pids
        for pid in (supervisor.pid, *pids):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def pid_in(file: Path) -> int:
    for _ in range(200):
        if file.exists() and file.read_text():
            return int(file.read_text())
        time.sleep(0.05)
    raise AssertionError(f"{file.name} has not started")


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_second_signal_does_not_keep_it_from_ending_all(served, sign):
    # `make` hands on what the whole group was sent, so the second comes at once.
    supervisor, pids = served
    supervisor.send_signal(sign)
    time.sleep(0.4)
    supervisor.send_signal(sign)
    assert supervisor.wait(10) == 0
    assert not [pid for pid in pids if lives(pid)]


def test_when_one_ends_by_itself_so_do_the_others(served):
    supervisor, pids = served
    os.kill(pids[1], signal.SIGKILL)
    assert supervisor.wait(10) == -signal.SIGKILL % 256
    assert not [pid for pid in pids if lives(pid)]
