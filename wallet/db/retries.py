"""One durable transaction: when to retry it, and what its failure means.

There are three kinds of failure:
- Contention with another transaction: retry.
- The database refuses for now: Busy. Nothing was committed.
- No answer to the COMMIT: OutcomeUnknown. Never retried here.
"""

from __future__ import annotations

import functools
import logging
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from django.db import DatabaseError, IntegrityError, InterfaceError, transaction

from wallet.db import pipeline
from wallet.db.postgresql.connection import NoAnswer
from wallet.db.waits import PROBE_AFTER_S
from wallet.errors import Busy, OutcomeUnknown

logger = logging.getLogger(__name__)

ATTEMPTS = 3
PAUSE_S = 0.02
LOCK_TIMEOUT = "55P03"
# lock_not_available, deadlock_detected, serialization_failure: nothing was committed.
CONTENTION = {LOCK_TIMEOUT, "40P01", "40001"}
# The classes "insufficient resources" (such as a full disk) and "operator intervention",
# io_error, and read_only_sql_transaction.
REFUSED_FOR_NOW = ("53", "57", "58030", "25006")
DISK_FULL = "53100"
# How long this process reports "not ready" after a write that found the disk full.
FULL_FOR_S = 30
SQLITE_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)

# When the disk was last found full, by `time.monotonic`.
disk_full_at: float | None = None


def committed[**P, T](operation: Callable[P, T]) -> Callable[P, T]:
    """Run `operation` in its own transaction, which is committed when this returns.

    After a lock timeout, a deadlock or a lost race for a unique key, run the whole transaction
    again with fresh reads, at most ATTEMPTS times in all. Raises Busy after that, or when the
    database refuses for now. Other errors aren't retried.
    """

    @functools.wraps(operation)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        for attempt in range(ATTEMPTS):
            if attempt:
                pause(attempt)
            try:
                with durable():
                    return operation(*args, **kwargs)
            except (DatabaseError, InterfaceError) as error:
                if not is_retryable(error):
                    raise
        raise Busy

    return run


def pause(attempt: int) -> None:
    """Wait a random moment, so that the competing transaction doesn't retry in step with us."""
    time.sleep(random.uniform(PAUSE_S, PAUSE_S * 2**attempt))


@contextmanager
def durable(
    *, lock_timeout_s: float | None = None, deadline: float | None = None
) -> Iterator[None]:
    """One transaction, committed at the end of the block.

    `lock_timeout_s` bounds each wait for a lock, and the database must answer by `deadline`
    (`time.monotonic`). Raises Busy when the database refuses for now. Raises OutcomeUnknown when
    the COMMIT fails without a definite refusal: then only the caller may try again, with the same
    idempotency key.
    """
    is_done = False
    try:
        with limit_waits(lock_timeout_s, deadline), transaction.atomic(durable=True):
            yield
            is_done = True
    except Exception as error:
        if is_done and not is_refusal(error):
            raise OutcomeUnknown(*error.args) from error
        if is_refused_for_now(error):
            logger.exception("database refuses for now")
            raise Busy from error
        raise


@contextmanager
def limit_waits(
    lock_timeout_s: float | None, deadline: float | None = None, *, is_optional: bool = False
) -> Iterator[None]:
    """Limit how long statements in the block wait for a lock and for an answer.

    On PostgreSQL this covers the statements sent through `pipeline`, on SQLite all of them.
    """
    connection = pipeline.open_connection().connection
    connection.lock_timeout_s, connection.deadline = lock_timeout_s, deadline
    connection.is_optional = is_optional
    try:
        yield
    finally:
        connection.lock_timeout_s, connection.deadline = None, None
        connection.is_optional = False


@contextmanager
def brief_write() -> Iterator[None]:
    """For a write that may be skipped while its row is locked: give up quickly and quietly."""
    try:
        with limit_waits(2 * PROBE_AFTER_S, is_optional=True):
            yield
    except DatabaseError as error:
        if not is_contention(error):
            raise


@contextmanager
def optional_write() -> Iterator[None]:
    """For a write that may be skipped also while the database refuses for now."""
    try:
        with brief_write():
            yield
    except DatabaseError as error:
        if not is_refused_for_now(error):
            raise
        logger.warning("left out a write: the database refuses for now", exc_info=True)


def is_retryable(error: Exception) -> bool:
    """Did another transaction get in the way? Nothing was committed, and a rerun may succeed."""
    return is_contention(error) or is_lost_race(error)


def is_contention(error: Exception) -> bool:
    return sqlite_code(error) in SQLITE_BUSY or sqlstate(error) in CONTENTION


def is_lock_timeout(error: Exception) -> bool:
    return sqlite_code(error) in SQLITE_BUSY or sqlstate(error) == LOCK_TIMEOUT


def is_lost_race(error: Exception) -> bool:
    """Did another transaction take the key, or by chance the reference, since we looked?"""
    if not isinstance(error, IntegrityError):
        return False
    return sqlstate(error) == "23505" or "UNIQUE constraint failed" in str(error)


def is_refusal(error: Exception) -> bool:
    """Did the database itself say that the transaction failed?

    A PostgreSQL ERROR says so. A FATAL ends the connection, possibly after the COMMIT.
    """
    if isinstance(error, IntegrityError) or is_contention(error):
        return True
    if sqlite_code(error) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY):
        return True
    cause = error.__cause__
    return isinstance(cause, psycopg.Error) and cause.diag.severity_nonlocalized == "ERROR"


def is_refused_for_now(error: Exception) -> bool:
    """Did the database refuse for a passing reason, or not answer before the COMMIT?"""
    if note_full_disk(error) or sqlite_code(error) == sqlite3.SQLITE_READONLY:
        return True
    return isinstance(error.__cause__, NoAnswer) or (sqlstate(error) or "").startswith(
        REFUSED_FOR_NOW
    )


def note_full_disk(error: Exception) -> bool:
    """Did the database say that its disk is full? `is_disk_full` then says so for a while."""
    global disk_full_at
    if sqlite_code(error) != sqlite3.SQLITE_FULL and sqlstate(error) != DISK_FULL:
        return False
    disk_full_at = time.monotonic()
    return True


def is_disk_full() -> bool:
    """Did this process find the disk full a moment ago?"""
    return disk_full_at is not None and time.monotonic() - disk_full_at < FULL_FOR_S


def sqlite_code(error: Exception) -> int | None:
    """SQLite's primary result code, without the extended part."""
    code = getattr(error.__cause__, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def sqlstate(error: Exception) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)
