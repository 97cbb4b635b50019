"""What goes wrong between the product and its database, at one chosen point of a step.

A point is a statement, or a COMMIT. A process that dies there is an exception that nothing catches:
the database sees its connection end, and whatever still runs while it unwinds gets no answer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import psycopg
from django.db import OperationalError, connection
from django.db.utils import DatabaseError, InterfaceError

from wallet.errors import Busy, OutcomeUnknown

CRASH, CRASH_AFTER = "crash", "crash after commit"
LOST, LOST_BEFORE = "lost commit answer", "lost connection"
LOCK, DEADLOCK, SERIALIZATION = "lock timeout", "deadlock", "serialization failure"
KINDS = (CRASH, CRASH_AFTER, LOST, LOST_BEFORE, LOCK, DEADLOCK, SERIALIZATION)
# After these the process needs another connection.
CUTS = (CRASH, CRASH_AFTER, LOST, LOST_BEFORE)
# PostgreSQL's names of what it refuses. SQLite has one for all: busy.
STATES = {LOCK: "55P03", DEADLOCK: "40P01", SERIALIZATION: "40001"}
RAISE = "DO $$BEGIN RAISE EXCEPTION 'simulated' USING ERRCODE = '{}'; END$$"


class Crash(BaseException):
    """The process of a step has died."""


class Faults:
    """Counts the points of a step, and lets the armed fault happen at its point, once."""

    def __init__(self) -> None:
        self.kind, self.at, self.seen = "", 0, 0
        self.fired = ""
        self.is_dead = self.is_off = False
        self.commit: Callable[[], None] = lambda: None

    def install(self) -> None:
        """On this thread's connection, for good."""
        connection.execute_wrappers.append(self.statement)
        self.commit = getattr(connection, "_commit")  # noqa: B009 (not in the stubs)
        setattr(connection, "_commit", self.around_commit)  # noqa: B010
        for name in ("connect", "_cursor", "_set_autocommit", "_rollback"):
            setattr(connection, name, self.guarded(getattr(connection, name)))

    def arm(self, kind: str = "", at: int = 0) -> None:
        self.kind, self.at, self.seen, self.fired = kind, at, 0, ""
        self.is_dead = self.is_off = False

    def revive(self) -> None:
        """Another process goes on, with a new connection."""
        self.is_dead = False

    def guarded[**P, T](self, act: Callable[P, T]) -> Callable[P, T]:
        """The dead use no connection, while what they were at unwinds."""

        def run(*args: P.args, **kwargs: P.kwargs) -> T:
            if self.is_dead:
                raise Crash
            return act(*args, **kwargs)

        return run

    def is_time(self) -> bool:
        if self.is_off or self.fired or not self.kind:
            return False
        self.seen += 1
        return self.seen >= self.at

    def statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if self.is_dead:
            raise Crash
        if not self.is_time() or self.kind in (CRASH_AFTER, LOST, LOST_BEFORE):
            return execute(sql, params, many, context)
        self.fired = self.kind
        if self.kind == CRASH:
            self.die()
        if connection.vendor == "postgresql" and not many:
            # By the server, which then refuses the rest of the transaction too.
            return execute(RAISE.format(STATES[self.kind]), (), False, context)
        raise refusal(self.kind)

    def around_commit(self) -> None:
        if self.is_dead:
            raise Crash
        if not self.is_time() or self.kind in STATES:
            self.commit()
            return
        self.fired = self.kind
        if self.kind in (CRASH_AFTER, LOST):
            self.commit()
        if self.kind in (CRASH, CRASH_AFTER):
            self.die()
        cut()
        driver = psycopg if connection.vendor == "postgresql" else sqlite3
        words = "server closed the connection unexpectedly"
        raise OperationalError(words) from driver.OperationalError(words)

    def die(self) -> None:
        cut()
        self.is_dead = True
        raise Crash

    def explains(self, error: BaseException) -> bool:
        """May this come of what went wrong, and of nothing else?"""
        if isinstance(error, BaseExceptionGroup):
            return all(self.explains(each) for each in error.exceptions)
        known = (DatabaseError, InterfaceError, Busy, OutcomeUnknown, Crash)
        return bool(self.fired) and isinstance(error, known)


def cut() -> None:
    """The connection ends without COMMIT."""
    if connection.connection is not None:
        connection.connection.close()


def refusal(kind: str) -> OperationalError:
    cause: Exception
    if connection.vendor == "postgresql":
        cause = psycopg.errors.lookup(STATES[kind])("simulated")
    else:
        cause = sqlite3.OperationalError("database is locked")
        cause.sqlite_errorcode = sqlite3.SQLITE_BUSY
    error = OperationalError(str(cause))
    error.__cause__ = cause
    return error


FAULTS = Faults()
