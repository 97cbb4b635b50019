"""One request and its answer: from the web server's objects to WSGI, and back."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterable
from typing import IO, Any

from nissmart.front import refusals
from nissmart.front.queue import Kind, QueuedRequest
from nissmart.wsgi import application

# An answer up to this size is handed over from memory, a larger one as a temporary file. So a
# client that reads slowly keeps neither a thread nor memory.
IN_MEMORY_BYTES = 1024 * 1024
HEALTH = frozenset({"/healthz", "/readyz", "/metrics"})
# Signing in, the panel, and a rail's callbacks, which come only once or twice.
NEVER_ORDERS = ("/accounts/", "/admin/", "/panel/", "/rails/")
CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})

SAME = {
    "SCRIPT_NAME": "",
    "wsgi.errors": sys.stderr,
    # Granian has decoded the chunks.
    "wsgi.input_terminated": True,
    "wsgi.multiprocess": True,
    "wsgi.multithread": True,
    "wsgi.run_once": False,
    "wsgi.version": (1, 0),
}
# Django knows these without HTTP_.
PLAIN = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
# `nissmart.incoming` refuses these, so that `check_deployment` sees whether a proxy drops them.
REFUSED = frozenset({"content_type", "content_length"})


def kind_of(method: str, path: str) -> Kind:
    if path in HEALTH:
        return Kind.HEALTH
    is_order = method in CHANGES and not path.startswith(NEVER_ORDERS)
    return Kind.ORDER if is_order else Kind.PAGE


def environ_of(scope: Any, body: IO[bytes]) -> dict[str, Any]:
    environ: dict[str, Any] = SAME.copy()
    host, _colon, port = scope.server.rpartition(":")
    environ["SERVER_PROTOCOL"] = "HTTP/1.0" if scope.http_version == "1" else "HTTP/1.1"
    environ["SERVER_NAME"], environ["SERVER_PORT"] = host, port
    environ["REMOTE_ADDR"] = scope.client.rpartition(":")[0].strip("[]")
    environ["REQUEST_METHOD"] = scope.method
    environ["PATH_INFO"] = scope.path.encode().decode("latin-1")
    environ["QUERY_STRING"] = scope.query_string
    environ["wsgi.url_scheme"] = scope.scheme
    environ["wsgi.input"] = body
    for name, value in scope.headers.items():
        # WSGI would take X_Forwarded_For for X-Forwarded-For.
        if "_" in name and name not in REFUSED:
            continue
        key = PLAIN.get(name) or "HTTP_" + name.upper().replace("-", "_")
        if key not in environ:
            environ[key] = value
        elif name not in PLAIN:
            # One value of a repeated header never hides another.
            environ[key] += (";" if name == "cookie" else ",") + value
    return environ


class Exchange(QueuedRequest):
    """A request in the queue, with the server's objects for it.

    `ended` is called from a thread, with a file that must stay open for a moment.
    """

    def __init__(
        self,
        kind: Kind,
        scope: Any,
        proto: Any,
        body: IO[bytes],
        ended: Callable[[Exchange, IO[bytes] | None], None],
    ) -> None:
        super().__init__(kind)
        self.scope, self.proto, self.body, self.ended = scope, proto, body, ended
        # The server's task, which waits until we have answered.
        self.answered: asyncio.Future[None] | None = None
        # Notices that the client goes.
        self.watch: asyncio.Task[None] | None = None

    @property
    def is_api(self) -> bool:
        return bool(self.scope.path.startswith("/api/"))

    def refuse(self, wait_s: float) -> None:
        self.proto.response_bytes(*refusals.busy(wait_s, is_api=self.is_api))
        self.ended(self, None)

    def drop(self) -> None:
        self.proto.response_empty(503, [])
        self.ended(self, None)

    def carry_out(self) -> None:
        file = None
        try:
            file = self._answer()
        finally:
            # Does nothing if there is an answer.
            self.proto.response_empty(500, [])
            self.body.close()
            self.ended(self, file)

    def _answer(self) -> IO[bytes] | None:
        """Send Django's answer. Returns the file that the server has yet to open, if any."""
        sent: list[tuple[int, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> None:
            sent.append((int(status[:3]), headers))

        chunks = application(environ_of(self.scope, self.body), start_response)
        try:
            content, file = collect(chunks)
            [(status, headers)] = sent
            if file is None:
                self.proto.response_bytes(status, headers, content)
            else:
                headers = [*headers, ("Content-Length", str(file.tell()))]
                self.proto.response_file(status, headers, f"/proc/self/fd/{file.fileno()}")
            return file
        finally:
            if hasattr(chunks, "close"):
                chunks.close()


def collect(chunks: Iterable[bytes]) -> tuple[bytes, IO[bytes] | None]:
    """The whole answer, in memory or in a temporary file."""
    parts: list[bytes] = []
    size, file = 0, None
    for chunk in chunks:
        size += len(chunk)
        if file is None and size > IN_MEMORY_BYTES:
            file = tempfile.TemporaryFile()  # noqa: SIM115 (the front closes it)
            file.writelines(parts)
            parts.clear()
        if file is None:
            parts.append(chunk)
        else:
            file.write(chunk)
    if file is not None:
        file.flush()
    return b"".join(parts), file
