"""Requests as bytes, for what no HTTP client would send."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.api.support.calls import JSON


class Said(NamedTuple):
    """What the server answers."""

    status: int
    headers: dict[str, str]
    body: str

    def json(self) -> Any:
        return json.loads(self.body)


def raw(port: int, text: bytes, *, then_close: bool = False) -> bytes:
    """What the server says to these bytes."""
    with connected(port, text, then_close) as line:
        said = b""
        while more := line.recv(65536):
            said += more
        return said


def say(port: int, text: bytes, *, then_close: bool = False) -> Said:
    """The same, taken apart."""
    with connected(port, text, then_close) as line:
        response = http.client.HTTPResponse(line)
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Said(response.status, headers, response.read().decode())


@contextmanager
def connected(port: int, text: bytes, then_close: bool) -> Iterator[socket.socket]:
    """A connection on which these bytes were sent; with `then_close` our side is closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(text)
        if then_close:
            line.shutdown(socket.SHUT_WR)
        yield line


def request(token: str, body: bytes, *more: str, path: str = "/api/deposit") -> bytes:
    """A POST of JSON with this token; `more` are header lines."""
    return lines(path, f"Authorization: Bearer {token}", f"Content-Type: {JSON}", *more) + body


def lines(path: str, *headers: str) -> bytes:
    """The head of a POST."""
    head = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n"


def chunked(body: bytes, size: int = 2**16) -> bytes:
    """The body in chunks of this size, and the last one."""
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
