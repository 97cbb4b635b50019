"""HTTP with Daraja's gateway: one call, a bounded answer, and never a guess about what happened."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import NamedTuple

import httpx
from django.db import connection

# A real answer has a few hundred bytes.
LONGEST_ANSWER = 256 * 1024
CONNECTIONS = 32
# Shorter than gateways keep an idle connection, so that none ends just as we send.
IDLE_S = 4


class Reply(NamedTuple):
    """What came back. `status_code` is None when no whole answer did: `body` then says why.

    `was_sent` is False when the connection failed before a byte of the request had left.
    """

    status_code: int | None
    body: bytes
    was_sent: bool = True


@lru_cache(maxsize=4)
def pool(base_url: str, timeout_s: float) -> httpx.Client:
    """The connections of this process to one server. Threads share them."""
    return httpx.Client(
        base_url=base_url,
        timeout=timeout_s,
        limits=httpx.Limits(
            max_connections=CONNECTIONS,
            max_keepalive_connections=CONNECTIONS,
            keepalive_expiry=IDLE_S,
        ),
        follow_redirects=False,
        # No proxy and no password from the environment or from ~/.netrc.
        trust_env=False,
        # A compressed answer could be far larger than it looks.
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
    )


def call(client: httpx.Client, request: httpx.Request, timeout_s: float) -> Reply:
    """Send a request, outside any database transaction. Takes at most about twice `timeout_s`."""
    assert not is_in_transaction()
    deadline = time.monotonic() + timeout_s
    try:
        answer = client.send(request, stream=True)
        try:
            return Reply(answer.status_code, read(answer, deadline))
        finally:
            answer.close()
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        return Reply(None, words(error), was_sent=False)
    except httpx.HTTPError as error:
        return Reply(None, words(error))


def read(answer: httpx.Response, deadline: float) -> bytes:
    body = bytearray()
    for chunk in answer.iter_raw():
        body += chunk
        if len(body) > LONGEST_ANSWER:
            raise httpx.ReadError("the answer is too large")
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout("the answer took too long")
    return bytes(body)


def words(error: httpx.HTTPError) -> bytes:
    return f"{type(error).__name__}: {error}".encode()


def is_in_transaction() -> bool:
    """Is one open, apart from the one that a test rolls back?"""
    return any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)
