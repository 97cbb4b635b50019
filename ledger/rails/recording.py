"""Who keeps what goes to a rail and what comes back: a rail records, its caller stores.

with recording.to(keep):
    answer = rail.disburse(instruction)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class Event(NamedTuple):
    """One request to a rail, or what came back. `kind` is `stk-request`, `stk-answer`, ...

    `body` has no secret and no phone number in it. An answer without a `status_code` is none:
    `body` then says what the connection did.
    """

    kind: str
    body: str
    reference: str = ""
    status_code: int | None = None


Recorder = Callable[[Event], None]


def forget(event: Event) -> None:
    """The recorder where the caller keeps nothing."""


recorder: ContextVar[Recorder] = ContextVar("recorder", default=forget)


@contextmanager
def to(keep: Recorder) -> Iterator[None]:
    """Calls of this thread record to `keep`, as long as the block lasts.

    When `keep` raises for a request, the request isn't sent.
    """
    token = recorder.set(keep)
    try:
        yield
    finally:
        recorder.reset(token)


def record(event: Event) -> None:
    recorder.get()(event)
