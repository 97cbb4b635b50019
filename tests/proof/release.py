"""A checkout of one release, and what it serves."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from tests.bench.workers import ROOT, environment
from tests.postgres import free_port

RELEASED = ROOT / ".ci/released.txt"
STARTS_WITHIN_S = 120


def released() -> tuple[str, dict[str, str]]:
    """The commit of the release before, and the last migration of each app in it."""
    text = RELEASED.read_text()
    [commit] = re.findall(r"^commit (\w+)$", text, re.M)
    # In order, so the last of each app wins.
    return commit, dict(re.findall(r"^(\w+)\.(\d\w+)$", text, re.M))


def unpack(commit: str, place: Path) -> Path:
    """The files of this commit. This checkout, if the history doesn't have it."""
    command = ["git", "archive", "--format=tar", commit]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        return ROOT
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(place, filter="data")
    return place


class Release:
    """The code in a folder, on a database. `log` has what it prints."""

    def __init__(self, folder: Path, url: str, log: Path) -> None:
        self.folder, self.log = folder, log
        log.touch()
        self.environment = environment(url) | {
            "API_CALLS_PER_MINUTE_ADDRESS": "0",
            "LIMIT_CENTS_OUT_PER_DAY": str(10**12),
            "PYTHONPATH": str(folder),
        }

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not done.returncode, f"manage.py {arguments} failed:\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip() + done.stderr.strip()

    def server(self, port: int) -> list[str]:
        """The command that serves it."""
        if (self.folder / "nissmart/front").is_dir():
            return [sys.executable, "manage.py", "serve_web", f"--port={port}", "--workers=1"]
        command = [str(Path(sys.executable).with_name("granian")), "--interface=wsgi"]
        command += ["--workers=1", "--blocking-threads=8", "--workers-kill-timeout=5"]
        return [*command, "--log-level=error", f"--port={port}", "nissmart.wsgi:application"]

    @contextmanager
    def serve(self) -> Iterator[int]:
        """Serve as in production. Yields the port."""
        port = free_port()
        command = self.server(port)
        with self.log.open("ab") as log:
            server = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                process_group=0,
            )
        try:
            wait_until_ready(server, port)
            yield port
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)


def wait_until_ready(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline:
        assert server.poll() is None, "the web server has ended"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
        finally:
            connection.close()
    raise AssertionError("the web server doesn't answer")
