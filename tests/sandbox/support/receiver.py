"""A small HTTP server that receives callbacks, as the product would."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

ACCEPTED = {"ResultCode": 0, "ResultDesc": "Accepted"}


class Receiver(ThreadingHTTPServer):
    """`answers` has (status, body) for each path, used in order. After them it accepts with 200."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.changed = threading.Condition()
        self.raw: list[tuple[str, bytes]] = []
        self.answers: dict[str, list[tuple[int, Any]]] = defaultdict(list)
        self.delay_s: dict[str, float] = {}

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"

    def take(self, path: str, body: bytes) -> tuple[int, Any]:
        time.sleep(self.delay_s.get(path, 0))
        with self.changed:
            self.raw.append((path, body))
            self.changed.notify_all()
            planned = self.answers[path]
            return planned.pop(0) if planned else (200, ACCEPTED)

    def bodies(self, path: str) -> list[Any]:
        with self.changed:
            return [json.loads(body) for where, body in self.raw if where == path]

    def only(self, path: str) -> Any:
        (body,) = self.bodies(path)
        return body


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        status, body = cast(Receiver, self.server).take(self.path.strip("/"), raw)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass
