"""What the web server loads (RSGI). It reads each request whole before the request takes a thread.

The server hands requests to an event loop, which only reads bodies, refuses what would wait too
long, and notices when a client goes. All work is done by the threads of the queue.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import resource
import signal
from collections import deque
from collections.abc import Awaitable
from io import BytesIO
from typing import IO, Any

if multiprocessing.parent_process() is not None:
    # The fork copied the main process's signal handlers, which do nothing here. Restore the
    # defaults until the server installs its own. Otherwise a stop signal would be ignored, and
    # the server would kill this process after 30 s.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_DFL)

import nissmart.wsgi  # noqa: F401 (sets Django up, which the others need)

# isort: split
from django.conf import settings

from nissmart.front import refusals
from nissmart.front.bodies import Bodies, TooMany, TooSlow
from nissmart.front.exchange import Exchange, kind_of
from nissmart.front.queue import Kind, Queue
from wallet import metrics

TICK_S = 0.5
# How long the server may take to open the file of an answer, which takes it milliseconds.
KEEP_FILE_S = 60
# Requests that are under way when the server stops have this long.
STOP_TIMEOUT_S = 25
FILES_AT_MOST = 65_536

logger = logging.getLogger(__name__)


class Front:
    """The front of one web process."""

    def __init__(self) -> None:
        self.queue = Queue(settings.WEB_THREADS, settings.QUEUE_TIMEOUT_S)
        self.bodies = Bodies()
        self.said_refused = 0
        # What threads have answered. The loop ends their tasks when it next runs: to wake it for
        # each would cost as much as a small request.
        self.ended: deque[tuple[Exchange, IO[bytes] | None]] = deque()

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.nothing = loop.create_future()
        self.nothing.set_result(None)
        # Each connection is an open file, and many systems allow 1,024 unless asked for more.
        _now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = FILES_AT_MOST if most == resource.RLIM_INFINITY else min(most, FILES_AT_MOST)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
        refusals.make_all()
        self.queue.start()
        self.tick()

    def __rsgi_del__(self, _loop: asyncio.AbstractEventLoop) -> None:
        self.queue.drain(STOP_TIMEOUT_S)

    def __rsgi__(self, scope: Any, proto: Any) -> Awaitable[None]:
        """Answer a request. Runs in the loop, so it must not block."""
        if self.ended:
            self.let_go()
        kind = kind_of(scope.method, scope.path)
        if wait_s := self.queue.count_if_refused(kind):
            return self.refuse(scope, proto, wait_s)
        headers = scope.headers
        length = headers.get("content-length")
        coding = headers.get("transfer-encoding")
        if coding is None and (length is None or not length.isdecimal() or length == "0"):
            return self.join(kind, scope, proto, BytesIO())
        if coding is not None and coding.lower() != "chunked":
            # `nissmart.incoming` refuses it.
            return self.join(kind, scope, proto, BytesIO())
        size = int(length) if coding is None and length is not None else None
        return self.read_and_join(kind, scope, proto, size)

    def refuse(self, scope: Any, proto: Any, wait_s: float) -> Awaitable[None]:
        is_api = scope.path.startswith("/api/")
        proto.response_bytes(*refusals.busy(wait_s, is_api=is_api))
        return self.nothing

    async def read_and_join(self, kind: Kind, scope: Any, proto: Any, size: int | None) -> None:
        try:
            body = await self.bodies.read(proto, scope.path, size)
        except TooSlow:
            is_api = scope.path.startswith("/api/")
            proto.response_bytes(*refusals.too_slow(is_api=is_api))
        except TooMany:
            await self.refuse(scope, proto, 0)
        else:
            # Others may have come while it was read.
            if wait_s := self.queue.count_if_refused(kind):
                await self.refuse(scope, proto, wait_s)
            else:
                await self.join(kind, scope, proto, body)

    def join(self, kind: Kind, scope: Any, proto: Any, body: IO[bytes]) -> Awaitable[None]:
        exchange = Exchange(kind, scope, proto, body, self.end)
        exchange.answered = answered = self.loop.create_future()
        if self.queue.join(exchange) and kind is Kind.ORDER:
            exchange.watch = self.loop.create_task(self.notice_gone(exchange))
        return answered

    async def notice_gone(self, exchange: Exchange) -> None:
        """Mark an order whose client has closed the connection, so it isn't carried out."""
        await exchange.proto.client_disconnect()
        exchange.is_gone = True

    def end(self, exchange: Exchange, file: IO[bytes] | None) -> None:
        """Called in a thread when a request has its answer."""
        self.ended.append((exchange, file))

    def let_go(self) -> None:
        """End the tasks of what has been answered."""
        while self.ended:
            exchange, file = self.ended.popleft()
            if exchange.watch is not None:
                exchange.watch.cancel()
            if exchange.answered is not None and not exchange.answered.done():
                exchange.answered.set_result(None)
            if file is not None:
                self.loop.call_later(KEEP_FILE_S, file.close)

    def tick(self) -> None:
        self.let_go()
        self.bodies.end_late()
        refused = sum(each.refused for each in self.queue.figures().values())
        if refused > self.said_refused:
            logger.warning("busy: refused %s requests", refused - self.said_refused)
            # Those that Django refuses are counted by its middleware.
            metrics.REFUSED_REQUESTS.labels("503").inc(refused - self.said_refused)
            self.said_refused = refused
        self.loop.call_later(TICK_S, self.tick)


application = Front()
