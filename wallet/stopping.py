"""How a job of the worker learns that its process is to stop."""

from __future__ import annotations

from collections.abc import Callable

type IsStopping = Callable[[], bool]


def never() -> bool:
    """For callers that let a job finish all that is due."""
    return False
