"""Django's SQLite backend with our connection class. Django loads the module by this name.

SQLite retries the write lock at ever longer intervals, so an unlucky writer waits many times
longer than the others. And while another process holds the lock, every writer of this one waits.
Here writers retry in short steps, and `wallet.db.waits` bounds how many wait.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from django.db.backends.sqlite3 import base
from django.db.backends.sqlite3.schema import DatabaseSchemaEditor
from django.db.models import Model

from wallet.db import text_search
from wallet.db.slow import TimedCursor
from wallet.db.waits import SQLITE, WAITS
from wallet.errors import Busy

LOOK_INTO = """
    SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name <> %s AND sql LIKE %s"""
STEP_S = 0.001
LONGEST_STEP_S = 0.005


class LockedConnection(sqlite3.Connection):
    """`lock_timeout_s` bounds the wait for the write lock; by default `wallet.db.waits` does.

    An optional write doesn't wait for a blocked lock.
    """

    lock_timeout_s: float | None = None
    is_optional = False
    usual_timeout_s: float
    # How often any connection of this process has taken the write lock.
    turns: ClassVar[int] = 0
    # Unused: SQLite runs in our own process, so it always answers.
    deadline: float | None = None

    def version(self) -> object:
        """A value that changes when the write lock changes hands.

        SQLite's data version changes with each commit of another connection. A transaction that
        ends without one, as a refused order's does, is only seen within this process.
        """
        return self.execute("PRAGMA data_version").fetchone(), self.turns


class Cursor(base.SQLiteCursorWrapper):
    connection: LockedConnection

    def execute(self, query: str, params: Any = None) -> Any:
        attempt = partial(super().execute, query, params)
        try:
            answer = attempt()
        except sqlite3.OperationalError as error:
            # Inside a transaction we already hold the lock, so waiting wouldn't help.
            if not is_busy(error) or self.connection.in_transaction:
                raise
            answer = wait_and_try(self.connection, attempt, error)
        if query.startswith("BEGIN"):
            LockedConnection.turns += 1  # we hold the write lock, so no other thread gets here
        return answer


class SchemaEditor(DatabaseSchemaEditor):
    """Rebuilds a table although triggers of other tables look into it: SQLite refuses to rename
    the new table while one of them names a table that isn't there."""

    def _remake_table(self, model: type[Model], *args: Any, **changes: Any) -> None:
        table = model._meta.db_table
        with self.connection.cursor() as cursor:
            cursor.execute(LOOK_INTO, [table, f"%{table}%"])
            triggers = cursor.fetchall()
        for name, _text in triggers:
            self.execute(f"DROP TRIGGER {self.quote_name(name)}")
        super()._remake_table(model, *args, **changes)  # type: ignore[misc]
        for _name, text in triggers:
            self.execute(text, None)


class DatabaseWrapper(base.DatabaseWrapper):
    SchemaEditorClass = SchemaEditor
    connection: LockedConnection | None

    def get_new_connection(self, conn_params: dict[str, Any]) -> LockedConnection:
        connection: LockedConnection = super().get_new_connection(
            conn_params | {"factory": LockedConnection}
        )
        connection.usual_timeout_s = conn_params["timeout"]
        # `wait_and_try` waits instead.
        connection.execute("PRAGMA busy_timeout = 0")
        text_search.teach(connection)
        return connection

    def make_cursor(self, cursor: Any) -> TimedCursor:
        return TimedCursor(cursor, self)

    def create_cursor(self, name: str | None = None) -> Any:
        assert self.connection is not None
        return self.connection.cursor(factory=Cursor)


def wait_and_try[T](
    connection: LockedConnection, attempt: Callable[[], T], refusal: sqlite3.OperationalError
) -> T:
    """Retry until we get the lock, for as long as this thread may wait. Raises the refusal."""
    is_optional = connection.is_optional
    if connection.lock_timeout_s is not None and not is_optional:
        return try_for(connection.lock_timeout_s, attempt, refusal)
    with WAITS.enter({SQLITE}, connection.usual_timeout_s, may_stay=not is_optional) as wait:
        kept = WAITS.known_blocked({SQLITE})
        while True:
            try:
                WAITS.keep_waiting(wait, kept)
                answer = try_for(wait.lock_timeout_s, attempt, refusal)
            except Busy:
                raise refusal from None
            except sqlite3.OperationalError as error:
                if error is not refusal or wait.left_s <= 0:
                    raise
                kept = wait.still_held({SQLITE: connection.version()})
            else:
                WAITS.mark_free({SQLITE})
                return answer


def try_for[T](timeout_s: float, attempt: Callable[[], T], refusal: sqlite3.OperationalError) -> T:
    deadline = time.monotonic() + timeout_s
    step_s = STEP_S
    while time.monotonic() < deadline:
        # Random, so that waiting writers don't retry in step.
        time.sleep(random.uniform(step_s / 2, step_s))
        step_s = min(step_s * 2, LONGEST_STEP_S)
        try:
            return attempt()
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
    raise refusal


def is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
