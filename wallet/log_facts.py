"""What is known about the work at hand, for all log lines that are written meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_facts: ContextVar[dict[str, object] | None] = ContextVar("facts", default=None)


def known() -> dict[str, object]:
    """The facts of this request or job; none outside of one."""
    return _facts.get() or {}


def note(**facts: object) -> None:
    """Add facts to the log lines of this request or job. Outside of one it does nothing."""
    current = _facts.get()
    if current is not None:
        current.update(facts)


@contextmanager
def noting(**facts: object) -> Iterator[None]:
    """Begin a request or a job, with what is known about it."""
    token = _facts.set(facts)
    try:
        yield
    finally:
        _facts.reset(token)
