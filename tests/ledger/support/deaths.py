"""Let a job die at a statement: at each of them in turn."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial

import pytest
from django.db import connection

from tests.ledger.support import paya
from tests.ledger.support.crowd import IS_NIGHTLY, in_thread, process, watch_statements
from tests.ledger.test_crash import DIED


def points(job: Callable[..., object], *args: object) -> list[str]:
    """Where this job can be interrupted: before each statement, around each COMMIT."""
    names: list[str] = []
    with watch_statements(names.append):
        job(*args)
    assert "COMMITTED" in names
    return names


class Died(BaseException):
    """Nothing catches it, and the database sees its connection end."""


def act_at(number: int, act: Callable[[], None], job: Callable[..., object], *args: object) -> None:
    left = number

    def visit(_name: str) -> None:
        nonlocal left
        left -= 1
        if left == -1:
            act()

    with watch_statements(visit):
        job(*args)


def die_at(folder: str, number: int, job: Callable[..., object], *args: object) -> None:
    with paya.known(folder) if folder else nullcontext():
        act_at(number, lambda: os._exit(DIED), job, *args)


def dies_at(rail: paya.Paya | None, number: int, job: Callable[..., object], *args: object) -> None:
    """A process dies at this point, nightly; otherwise a thread, which is much faster.

    `rail` is the rail that the job calls, if it calls one.
    """
    if IS_NIGHTLY:
        dying = process(die_at, str(rail.folder) if rail else "", number, job, *args)
        dying.join()
        assert dying.exitcode == DIED, f"it never came to point {number}"
        return

    def die() -> None:
        connection._rollback()
        raise Died

    with pytest.raises(Died):
        in_thread(partial(act_at, number, die, job, *args))
