"""Statements that travel to the database together.

On PostgreSQL each way there and back costs more than most statements do. Elsewhere the
statements simply run one after another, as they do on the server too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from wallet.db.postgresql.connection import PipelineConnection, Row, Statement, Value

__all__ = ["Row", "Statement", "Value", "ask", "opened", "send"]


def ask(*statements: Statement) -> list[list[Row]]:
    """Run these one after another; the rows of each."""
    database = opened()
    line = database.connection
    if not isinstance(line, PipelineConnection):
        return list(one_by_one(database, statements))
    with database.wrap_database_errors:
        return line.ask(observed(database, statements))


def send(*statements: Statement) -> None:
    """Run these before anything else that is asked, at the latest when the transaction commits.

    So an error may come only then, from the commit, which has failed with it.
    """
    database = opened()
    line = database.connection
    if not isinstance(line, PipelineConnection):
        list(one_by_one(database, statements))
        return
    with database.wrap_database_errors:
        line.hold(observed(database, statements))


def opened() -> BaseDatabaseWrapper:
    """This thread's connection itself: each look through Django's proxy for it costs."""
    database = connections[DEFAULT_DB_ALIAS]
    database.close_if_health_check_failed()
    database.ensure_connection()
    return database


def one_by_one(
    database: BaseDatabaseWrapper, statements: Sequence[Statement]
) -> Iterator[list[Row]]:
    with database.cursor() as cursor:
        for sql, params in statements:
            cursor.execute(sql, tuple(adapted(database, value) for value in params))
            yield cursor.fetchall() if cursor.description else []


def adapted(database: BaseDatabaseWrapper, value: Value) -> Value:
    """A moment as this engine stores it: the ORM would have seen to that."""
    if isinstance(value, datetime):
        moment: Value = database.ops.adapt_datetimefield_value(value)
        return moment
    return value


def observed(database: BaseDatabaseWrapper, statements: Sequence[Statement]) -> Sequence[Statement]:
    """These statements, as those who watch this connection (tests, DEBUG) leave them."""
    if not (database.execute_wrappers or database.queries_logged):
        return statements
    sent: list[Statement] = []

    def execute(sql: str, params: Sequence[Value], many: bool, context: object) -> None:
        sent.append(Statement(sql, params))
        if database.queries_logged:
            database.queries_log.append({"sql": sql, "time": "0.000"})

    for wrapper in reversed(database.execute_wrappers):
        execute = partial(wrapper, execute)
    for sql, params in statements:
        execute(sql, params, False, {"connection": database, "cursor": None})
    return sent
