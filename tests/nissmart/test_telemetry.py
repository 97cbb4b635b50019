"""Sentry and OpenTelemetry get what they are set to get, and nothing that names anyone."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import brotli
import pytest
from django.conf import settings as configured
from django.core.exceptions import ImproperlyConfigured

from nissmart import telemetry

pytestmark = pytest.mark.any_engine

# A site whose first page breaks while it holds what no one else may know.
SITE = """
import logging, sys
import django
django.setup()
logging.disable(logging.NOTSET)
from django.test import Client
from django.urls import path
from nissmart import urls
import sentry_sdk
from opentelemetry import trace

def broken(request):
    password = "hunter2"
    logging.getLogger("some.logger").info("0712345678 info")
    raise ValueError("Jane Secret 0712345678 " + password)

urls.urlpatterns.insert(0, path("broken/", broken, name="broken_page"))
client = Client(raise_request_exception=False)
answer = client.post("/broken/?q=Jane+Secret", {"pin": "2468", "name": "Jane Secret"},
    headers={"X-Request-ID": "mine-1", "Authorization": "Basic hush-hush", "Cookie": "a=hush"})
assert answer.status_code == 500, answer.status_code
sentry_sdk.flush(5)
trace.get_tracer_provider().force_flush(5000)
"""


class Sink(BaseHTTPRequestHandler):
    """Keeps what it gets, by path."""

    def do_POST(self) -> None:
        size = self.headers.get("Content-Length")
        body = self.rfile.read(int(size)) if size else b""
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        elif self.headers.get("Content-Encoding") == "br":
            body = brotli.decompress(body)
        self.server.got.append((self.path, body))  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def sink() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    server.got = []  # type: ignore[attr-defined]
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_an_error_and_a_span_arrive_and_say_nothing_private(sink, tmp_path):
    host = f"127.0.0.1:{sink.server_port}"
    env = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "tests.api.support.served",
        "SECRET_KEY": "k" * 60,
        "ALLOWED_HOSTS": "testserver",
        "HTTPS": "0",
        "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3",
        "SENTRY_DSN": f"http://key@{host}/1",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{host}",
    }
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SITE],
        cwd=configured.BASE_DIR,
        env=env,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    got = dict(sink.got)
    event, span = got["/api/1/envelope/"], got["/v1/traces"]
    assert b"ValueError" in event
    assert b'"route":"broken_page"' in event.replace(b": ", b":")
    assert b"mine-1" in event
    assert b"POST broken_page" in span
    assert b"mine-1" in span
    for _path, body in sink.got:
        for private in (b"Jane", b"0712", b"2468", b"hush", b"testserver", b"127.0.0.1"):
            assert private not in body, (private, body)


@pytest.mark.parametrize(
    ("setting", "package"),
    [("SENTRY_DSN", "sentry_sdk"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "opentelemetry.sdk.trace")],
)
def test_without_its_package_the_start_fails_and_says_what_to_install(
    settings, monkeypatch, setting, package
):
    telemetry.start()
    setattr(settings, setting, "http://key@127.0.0.1:9/1")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImproperlyConfigured, match=r"requirements-telemetry\.txt"):
        telemetry.start()
