"""Run the real server on the test database."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection

from nissmart.front.command import command
from nissmart.owner import role_of
from tests.postgres import free_port

ROOT = Path(__file__).parents[3]
START_TIMEOUT_S = 180


def database_url() -> str:
    """DATABASE_URL of the test database, for another process."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    return (
        f"postgres://{role_of(database)}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    )


@contextmanager
def server(workers: int = 2, threads: int = 8, **more: str) -> Iterator[int]:
    """Serve as in production during the block, with `more` settings. Yields the port."""
    with process(workers, threads, **more) as (_process, port):
        yield port


@contextmanager
def process(
    workers: int = 2, threads: int = 8, **more: str
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The same, with the process."""
    port = free_port()
    environment = (
        os.environ
        | {
            "DATABASE_URL": database_url(),
            "DJANGO_SETTINGS_MODULE": "tests.api.support.served",
            "SECRET_KEY": settings.SECRET_KEY,
            "DEBUG": "0",
            "HTTPS": "0",
            "ALLOWED_HOSTS": "127.0.0.1",
            "LOG_LEVEL": "WARNING",
            "WEB_THREADS": str(threads),
        }
        | more
    )
    served = command(host="127.0.0.1", port=port, workers=workers)
    running = subprocess.Popen(served, cwd=ROOT, env=environment, process_group=0)
    try:
        wait_until_ready(running, port)
        yield running, port
    finally:
        running.terminate()
        running.wait(30)


def wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server has ended"
        try:
            # As behind a proxy that ends TLS, or a site that redirects to HTTPS is never ready.
            https = {"X-Forwarded-Proto": "https"}
            if Connection(port).call("GET", "/readyz", **https).status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server does not answer")


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)


class Connection:
    """A connection to the server. Stays open between calls; reopens after a failure."""

    def __init__(self, port: int, token: str = "") -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> None:
        text = None if body is None else json.dumps(body)
        typed = {"Content-Type": "application/json"} if body is not None else {}
        self.connection.request(method, path, text, self.headers | typed | headers)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request and read the whole answer."""
        try:
            self.send(method, path, body, **headers)
            response = self.connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise ConnectionError(str(error)) from error
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, content)

    def close(self) -> None:
        self.connection.close()
