"""Read the body of a request before it takes a thread, within a limit of bytes and of time."""

from __future__ import annotations

import asyncio
import time
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.conf import settings

from nissmart.incoming import UPLOAD_PAGE
from wallet.api.strict_json import BODY_BYTES_AT_MOST

# A body up to this size is kept in memory, a larger one in a temporary file.
SMALL_BYTES = 64 * 1024
# How many large bodies a process reads at the same time. It bounds the disk that they fill.
LARGE_AT_MOST = 32
# A body has BODY_TIMEOUT_S, and a second more for each so many bytes of it.
SLOWEST_BYTES_A_S = 20_000


class TooMany(Exception):
    """Too many large bodies are being read."""


class TooSlow(Exception):
    """The body didn't come in time."""


def bytes_at_most(path: str) -> int:
    """The largest body that anything behind this URL reads."""
    if path == UPLOAD_PAGE:
        return 2 * int(settings.STATEMENT_BYTES_AT_MOST)
    most: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return BODY_BYTES_AT_MOST if path.startswith("/api/") else most


class Bodies:
    """The bodies that are being read."""

    def __init__(self) -> None:
        self._deadlines: dict[asyncio.Task[Any], float] = {}
        self._large = 0

    async def read(self, proto: Any, path: str, length: int | None) -> IO[bytes]:
        """The body, up to one byte more than may be sent. `length` is None if it comes in chunks.

        A body that is too long by its length isn't read: Django refuses it. If the client breaks
        off, the body is shorter than its length, and Django refuses that too.
        """
        most = bytes_at_most(path)
        if length == 0 or (length or 0) > most:
            return BytesIO()
        task = asyncio.current_task()
        assert task is not None
        allowed_s = (
            settings.BODY_TIMEOUT_S + (most if length is None else length) / SLOWEST_BYTES_A_S
        )
        self._deadlines[task] = time.monotonic() + allowed_s
        try:
            if length is not None and length <= SMALL_BYTES:
                return BytesIO(await proto())
            return await self._spool(proto, most)
        except asyncio.CancelledError:
            raise TooSlow from None
        except RuntimeError:
            # The server's own errors, which only say that the body has ended early.
            return BytesIO()
        finally:
            del self._deadlines[task]

    async def _spool(self, proto: Any, most: int) -> IO[bytes]:
        """Read up to one byte more than `most`, so that a longer body is refused by its length."""
        spool: IO[bytes] = SpooledTemporaryFile(SMALL_BYTES)  # noqa: SIM115 (the request closes it)
        size, is_large = 0, False
        try:
            async for chunk in proto:
                size += len(chunk)
                if size > SMALL_BYTES and not is_large:
                    if self._large >= LARGE_AT_MOST:
                        raise TooMany
                    is_large = True
                    self._large += 1
                spool.write(chunk)
                if size > most:
                    break
        finally:
            self._large -= is_large
        spool.seek(0)
        return spool

    def end_late(self) -> None:
        """End the reading of those that are too slow."""
        now = time.monotonic()
        for task, deadline in self._deadlines.items():
            if deadline < now:
                task.cancel()
