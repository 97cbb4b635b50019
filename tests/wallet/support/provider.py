"""An SMS provider on a loopback port, which counts what it's asked to send."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs


class Provider(ThreadingHTTPServer):
    """Africa's Talking, as its documentation has it. `holds`: it answers once `go_on` is set."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict[str, str]] = []
        self.keys: list[str | None] = []
        self.status, self.http_status = 101, 201
        self.go_on, self.heard = Event(), Event()
        self.go_on.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "SMS_SENDER": "africastalking",
            "AFRICASTALKING_BASE_URL": self.url,
            "AFRICASTALKING_USERNAME": "nissmart",
            "AFRICASTALKING_API_KEY": "key",
            "AFRICASTALKING_SENDER_ID": "NISSMART",
        }


class Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        form = {name: one for name, [one] in parse_qs(self.rfile.read(size).decode()).items()}
        self.server.asked.append(form | {"path": self.path})
        self.server.keys.append(self.headers.get("apiKey"))
        self.server.heard.set()
        self.server.go_on.wait(30)
        one = {"statusCode": self.server.status, "number": form["to"], "status": "Said"}
        body = json.dumps({"SMSMessageData": {"Message": "Sent", "Recipients": [one]}}).encode()
        self.send_response(self.server.http_status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing in the terminal."""


@contextmanager
def provider() -> Iterator[Provider]:
    with Provider() as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield server
        finally:
            server.go_on.set()
            server.shutdown()
