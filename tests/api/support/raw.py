"""Send raw bytes, for requests that no HTTP client would send."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.api.support.calls import JSON


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: str

    def json(self) -> Any:
        return json.loads(self.body)


def send_raw(port: int, text: bytes, *, then_close: bool = False) -> bytes:
    """Send these bytes and return the server's bytes unparsed."""
    with connection(port, text, then_close) as stream:
        answer = b""
        while more := stream.recv(65536):
            answer += more
        return answer


def send(port: int, text: bytes, *, then_close: bool = False) -> Reply:
    """Send these bytes and parse the server's reply."""
    with connection(port, text, then_close) as stream:
        response = http.client.HTTPResponse(stream)
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, headers, response.read().decode())


@contextmanager
def connection(port: int, text: bytes, then_close: bool) -> Iterator[socket.socket]:
    """Connect and send these bytes; with `then_close`, also close our side."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as stream:
        stream.sendall(text)
        if then_close:
            stream.shutdown(socket.SHUT_WR)
        yield stream


def request(token: str, body: bytes, *more: str, path: str = "/api/deposit") -> bytes:
    """A POST of JSON with this token; `more` are extra header lines."""
    return head(path, f"Authorization: Bearer {token}", f"Content-Type: {JSON}", *more) + body


def head(path: str, *headers: str) -> bytes:
    """The request line and headers of a POST."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def chunked(body: bytes, size: int = 2**16) -> bytes:
    """The body in chunks of this size, with the chunk that ends it."""
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
