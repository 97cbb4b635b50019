"""One durable transaction, tried again when another one was in the way."""

from __future__ import annotations

import functools
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction

from wallet.errors import Busy, OutcomeUnknown

ATTEMPTS = 3
PAUSE_S = 0.02

# lock_not_available, deadlock_detected, serialization_failure: nothing was committed.
POSTGRESQL_STATES = {"55P03", "40P01", "40001"}
SQLITE_BUSY, SQLITE_LOCKED = 5, 6
# Whoever waits for SQLite's one write lock asks for it again and again, and the unlucky wait
# for seconds. Threads of one process queue here instead.
SQLITE_WRITERS = threading.Lock()


def committed[**P, T](operation: Callable[P, T]) -> Callable[P, T]:
    """Run `operation` in one transaction of its own; when this returns, it is committed.

    A lock timeout, a deadlock, or losing the race for an idempotency key makes the whole
    transaction run again with fresh reads, a bounded number of times. Raises Busy after that.
    Any other error is not retried.
    """

    @functools.wraps(operation)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(random.uniform(PAUSE_S, PAUSE_S * 2**attempt))
            try:
                with durable():
                    return operation(*args, **kwargs)
            except (OperationalError, InterfaceError) as error:
                if not is_contention(error):
                    raise
            except IntegrityError as error:
                if not is_lost_race(error):
                    raise
        raise Busy

    return run


@contextmanager
def durable() -> Iterator[None]:
    """One transaction, committed when the block is left.

    What comes out of the COMMIT, and is not the database's word that it has failed, is raised as
    OutcomeUnknown: only the caller, with the same key, may ask again.
    """
    is_done = False
    try:
        with turn(), transaction.atomic(durable=True):
            yield
            is_done = True
    except Exception as error:
        if is_done and not is_failure(error):
            raise OutcomeUnknown(*error.args) from error
        raise


def turn() -> AbstractContextManager[Any]:
    """On SQLite, this thread's turn to write; PostgreSQL needs none."""
    return SQLITE_WRITERS if connection.vendor == "sqlite" else nullcontext()


def is_failure(error: Exception) -> bool:
    """Has the database itself said that the transaction has failed?

    A connection that is ended from the other side says why (57P01), but not how far it has got.
    """
    if is_contention(error) or isinstance(error, IntegrityError):
        return True
    is_end = isinstance(error, (OperationalError, InterfaceError))
    return not is_end and getattr(error.__cause__, "sqlstate", None) is not None


def is_contention(error: Exception) -> bool:
    cause = error.__cause__
    if (code := getattr(cause, "sqlite_errorcode", None)) is not None:
        return code & 0xFF in (SQLITE_BUSY, SQLITE_LOCKED)
    return getattr(cause, "sqlstate", None) in POSTGRESQL_STATES


def is_lost_race(error: IntegrityError) -> bool:
    """Another transaction took the key, or by chance the reference, since we looked."""
    if getattr(error.__cause__, "sqlstate", None) == "23505":
        return True
    return "UNIQUE constraint failed" in str(error)
