"""The HTTP server: loopback only, a thread for each connection."""

from __future__ import annotations

import logging
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.parse import parse_qs, unquote, urlsplit

from nissmart.sandbox.answers import Answer
from nissmart.sandbox.apis import b2c, c2b, stk
from nissmart.sandbox.gateway import Request
from nissmart.sandbox.payments import B2C, C2B, STK
from nissmart.sandbox.results import EXPIRED
from nissmart.sandbox.routes import respond
from nissmart.sandbox.simulator import Simulator

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"
BODY_LIMIT = 1_000_000
DISCARD_LIMIT = 16_000_000
FAILED = Answer(500, b'{"error": "The simulator failed. Its log says why."}')
TOO_LARGE = Answer(413, b'{"error": "The body is too large, or has no length."}')


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    # Send an answer in one piece. In two, the second would wait for an acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = 120

    def answer(self) -> None:
        simulator = cast(Server, self.server).simulator
        length = self.headers.get("Content-Length", "0")
        is_known = length.isdigit() and "Transfer-Encoding" not in self.headers
        if not is_known or int(length) > BODY_LIMIT:
            self.close_connection = True
            self.discard(min(int(length), DISCARD_LIMIT) if is_known else 0)
            self.write(TOO_LARGE)
            return
        request = self.request_with(self.rfile.read(int(length)))
        try:
            answer = respond(simulator, request)
        except Exception:
            logger.exception("%s %s failed", request.method, request.path)
            answer = FAILED
        self.write(answer)

    def discard(self, length: int) -> None:
        """Read and drop a body, because a client that is still sending doesn't read the answer."""
        while length > 0 and (chunk := self.rfile.read(min(length, 65_536))):
            length -= len(chunk)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def request_with(self, body: bytes) -> Request:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query, True).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(self.command, unquote(parts.path), query, headers, body)

    def write(self, answer: Answer) -> None:
        if answer.is_dropped:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        for name, value in answer.headers:
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        logger.debug(format, *args)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, simulator: Simulator, port: int) -> None:
        self.simulator = simulator
        super().__init__((HOST, port), Handler)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_port}"

    def server_close(self) -> None:
        super().server_close()
        self.simulator.timeline.stop()
        self.simulator.book.journal.close()


def resume(simulator: Simulator) -> None:
    """Finish what a restart interrupted: pay waiting payouts and expire prompts."""
    for payment in simulator.book.pending():
        if payment.kind == B2C:
            b2c.resume(simulator, payment)
        elif payment.kind == STK:
            stk.finish(simulator, payment, EXPIRED)
        elif payment.kind == C2B:
            c2b.complete(simulator, payment)
