"""`make run` says what is missing before it starts anything, and keeps the site running."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings

from nissmart.embedded_postgres import free_port

pytestmark = pytest.mark.any_engine

CI = settings.BASE_DIR / ".ci"
SITE = {"SECRET_KEY": "x" * 50, "ALLOWED_HOSTS": "nissmart.example", "BEHIND_TLS_PROXY": "1"}
# All of `make run` but the static files, which belong to the checkout.
SERVE = """
import sys
sys.path.insert(0, ".ci")
import serve

serve.collect_static = lambda: None
sys.exit(serve.main())
"""


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({}, []),
        ({"ALLOWED_HOSTS": None}, ["ALLOWED_HOSTS"]),
        ({"ALLOWED_HOSTS": " , "}, ["ALLOWED_HOSTS"]),
        ({"SECRET_KEY": ""}, ["SECRET_KEY"]),
        ({"BEHIND_TLS_PROXY": None}, ["BEHIND_TLS_PROXY"]),
        ({"BEHIND_TLS_PROXY": "0"}, ["BEHIND_TLS_PROXY"]),
        ({"BEHIND_TLS_PROXY": None, "HTTPS": "0"}, []),
        ({"BEHIND_TLS_PROXY": None, "SECURE_SSL_REDIRECT": "false"}, []),
        ({"ALLOWED_HOSTS": None, "BEHIND_TLS_PROXY": None, "DEBUG": "1"}, []),
        (
            {"ALLOWED_HOSTS": None, "BEHIND_TLS_PROXY": None, "DEBUG": "0"},
            ["ALLOWED_HOSTS", "BEHIND_TLS_PROXY"],
        ),
    ],
)
def test_missing_settings_are_listed(serve, changes, missing):
    environ = {name: value for name, value in (SITE | changes).items() if value is not None}
    refusal = serve.refusal(environ | {"PORT": str(free_port())}, ["127.0.0.1"])
    assert [line.split()[0] for line in refusal.splitlines() if line.startswith("  ")] == missing
    assert bool(refusal) == bool(missing)


def run(**environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, CI / "serve.py"],
        env={"PATH": os.environ["PATH"], "PORT": str(free_port()), **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_site_with_missing_settings_starts_nothing(tmp_path):
    database = tmp_path / "db.sqlite3"
    done = run(SECRET_KEY="x" * 50, DATABASE_URL=f"sqlite:///{database}")
    assert done.returncode == 1
    assert "ALLOWED_HOSTS" in done.stderr
    assert "Traceback" not in done.stderr
    assert not database.exists()


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"PORT": "http"}, "PORT is 'http'"),
        ({"PORT": "70000"}, "PORT is '70000'"),
        ({"ENGINE": "mysql"}, "ENGINE is 'mysql'"),
        ({"ENGINE": "postgres", "DATABASE_URL": "postgres://a/b"}, "not both"),
    ],
)
def test_wrong_or_contradicting_settings_are_refused(serve, environ, sentence):
    assert sentence in serve.refusal(SITE | environ, ["127.0.0.1"])


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_taken_port_is_refused(serve, host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if host == "::1" and not serve.has_ipv6():
        pytest.skip("this machine has no IPv6")
    with socket.create_server((host, 0), family=family) as taken:
        port = taken.getsockname()[1]
        refusal = serve.refusal(SITE | {"PORT": str(port)}, serve.addresses("localhost"))
        assert refusal == f"Port {port} is taken. Choose another: make run PORT={port + 1}"


def test_localhost_means_both_loopback_addresses_only(serve, monkeypatch):
    assert serve.addresses("localhost") in (["127.0.0.1", "::1"], ["127.0.0.1"])
    assert serve.addresses("192.0.2.7") == ["192.0.2.7"]
    assert serve.addresses("[::1]") == ["::1"]

    def socket_without_ipv6(family: int = socket.AF_INET, *rest: Any) -> socket.socket:
        raise OSError("Address family not supported by protocol")

    monkeypatch.setattr(socket, "socket", socket_without_ipv6)
    assert serve.addresses("localhost") == ["127.0.0.1"]


def status(host: str, port: int, path: str = "/readyz") -> int:
    connection = http.client.HTTPConnection(host, port, timeout=10)
    connection.request("GET", path, headers={"Host": f"localhost:{port}"})
    return connection.getresponse().status


class Served:
    """`make run` with ENGINE=postgres during the block. `process` is the supervisor."""

    def __init__(self, place: Path) -> None:
        self.place, self.port = place, free_port()
        self.url_file = place / "owner-url"

    def __enter__(self) -> Served:
        environ = SITE | {"ALLOWED_HOSTS": "localhost", "HTTPS": "0", "BEHIND_TLS_PROXY": "0"}
        environ |= {"ENGINE": "postgres", "POSTGRES_DIR": str(self.place), "PORT": str(self.port)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE],
            cwd=settings.BASE_DIR,
            env=environ | {"PATH": os.environ["PATH"], "LOG_LEVEL": "ERROR"},
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout
        for line in self.process.stdout:
            if f"http://localhost:{self.port}" in line.decode():
                return self
        raise AssertionError(f"it ended with {self.process.wait()}")

    def __exit__(self, *_error: object) -> None:
        self.process.terminate()
        self.process.wait(60)

    def database(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url_file.read_text(), autocommit=True)

    def wait_until_ready(self) -> None:
        for _ in range(150):
            with contextlib.suppress(OSError):
                if status("127.0.0.1", self.port) == 200:
                    return
            time.sleep(0.2)
        raise AssertionError("it isn't ready again")


@pytest.mark.slow
def test_postgres_restarts_after_a_kill_and_keeps_its_data(serve, postgres_place):
    with Served(postgres_place) as served:
        for host in serve.addresses("localhost"):
            assert status(host, served.port) == 200
        with served.database() as database:
            database.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        lock_file = postgres_place / "data/postmaster.pid"
        os.kill(int(lock_file.read_text().split()[0]), signal.SIGKILL)
        time.sleep(1)
        served.wait_until_ready()
        served.process.send_signal(signal.SIGINT)
        assert served.process.wait(30) == 0
        assert "database system is shut down" in (postgres_place / "log").read_text()
        assert not served.url_file.exists()
    with Served(postgres_place) as served:
        with served.database() as database:
            assert database.execute("SELECT answer FROM kept").fetchone() == (42,)
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(30) == 0
