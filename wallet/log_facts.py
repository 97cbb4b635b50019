"""What is known about the work at hand, for all log lines that are written meanwhile."""

from __future__ import annotations

from contextvars import ContextVar, Token

_facts: ContextVar[dict[str, object] | None] = ContextVar("facts", default=None)


def known() -> dict[str, object]:
    """The facts of this request or job; none outside of one."""
    return _facts.get() or {}


def note(**facts: object) -> None:
    """Add facts to the log lines of this request or job. Outside of one it does nothing."""
    current = _facts.get()
    if current is not None:
        current.update(facts)


class Noting:
    """A request or a job, with what is known about it. For each request, so no generator."""

    __slots__ = ("_facts", "_token")

    def __init__(self, **facts: object) -> None:
        self._facts = facts

    def __enter__(self) -> None:
        self._token: Token[dict[str, object] | None] = _facts.set(self._facts)

    def __exit__(self, *_error: object) -> None:
        _facts.reset(self._token)
