"""COMMITs whose answer comes late or never."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from django.db import OperationalError, connection


@contextmanager
def lose_commit_answer(
    *, is_carried_out: bool = True, is_away_afterwards: bool = False, after: int = 0
) -> Iterator[None]:
    """Lose the connection before the answer to a COMMIT comes: the next one, or `after` so many.

    A page that asks for the PIN commits the guess before the order. With `is_away_afterwards`
    every later statement fails too.
    """
    with ExitStack() as afterwards:
        remaining = after

        def commit() -> None:
            nonlocal remaining
            del connection._commit
            if remaining:
                remaining -= 1
                connection._commit()
                connection._commit = commit
                return
            connection._commit() if is_carried_out else connection._rollback()
            if is_away_afterwards:
                afterwards.enter_context(database_away())
            raise OperationalError("server closed the connection unexpectedly")

        connection._commit = commit
        yield


@contextmanager
def hold_in_commit(order: Callable[[], object], *, is_carried_out: bool) -> Iterator[Callable]:
    """Run `order` in another thread and stop it at its COMMIT.

    Yields a function that lets the thread go on and waits until it ends.
    """
    has_arrived, may_go = threading.Event(), threading.Event()

    def commit() -> None:
        del connection._commit
        has_arrived.set()
        may_go.wait(30)
        if not is_carried_out:
            connection._rollback()
            raise OperationalError("server closed the connection unexpectedly")
        connection._commit()

    def run() -> None:
        connection.ensure_connection()
        connection._commit = commit
        try:
            with suppress(OperationalError):
                order()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert has_arrived.wait(10)

    def go_on() -> None:
        may_go.set()
        thread.join(30)

    try:
        yield go_on
    finally:
        go_on()


@contextmanager
def database_away() -> Iterator[None]:
    """Every statement fails during the block."""

    def fail(*statement: object) -> None:
        raise OperationalError("could not connect to server")

    with connection.execute_wrapper(fail):
        yield
