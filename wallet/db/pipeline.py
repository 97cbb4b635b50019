"""Send several statements to the database in one round trip.

On PostgreSQL a round trip costs more than most statements. On SQLite the statements simply run
one after another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from wallet.db.postgresql.connection import PipelineConnection, Row
from wallet.db.postgresql.statements import Statement, Value

__all__ = ["Row", "Statement", "Value", "ask", "open_connection", "send"]


def ask(*statements: Statement) -> list[list[Row]]:
    """Run the statements in order and return the rows of each."""
    database = open_connection()
    connection = database.connection
    if not isinstance(connection, PipelineConnection):
        return list(one_by_one(database, statements))
    with database.wrap_database_errors:
        return connection.ask(pass_wrappers(database, statements))


def send(*statements: Statement) -> None:
    """Run the statements before the next query, or at the latest with the COMMIT.

    So an error may show up only in the commit, which then fails.
    """
    database = open_connection()
    connection = database.connection
    if not isinstance(connection, PipelineConnection):
        list(one_by_one(database, statements))
        return
    with database.wrap_database_errors:
        connection.hold(pass_wrappers(database, statements))


def open_connection() -> BaseDatabaseWrapper:
    """This thread's connection, open. Django's proxy for it would cost time on every use."""
    database = connections[DEFAULT_DB_ALIAS]
    database.close_if_health_check_failed()
    database.ensure_connection()
    return database


def one_by_one(
    database: BaseDatabaseWrapper, statements: Sequence[Statement]
) -> Iterator[list[Row]]:
    with database.cursor() as cursor:
        for sql, params in statements:
            cursor.execute(sql, tuple(adapt(database, value) for value in params))
            yield cursor.fetchall() if cursor.description else []


def adapt(database: BaseDatabaseWrapper, value: Value) -> Value:
    """Convert a datetime to what this engine stores, as the ORM does."""
    if isinstance(value, datetime):
        adapted: Value = database.ops.adapt_datetimefield_value(value)
        return adapted
    return value


def pass_wrappers(
    database: BaseDatabaseWrapper, statements: Sequence[Statement]
) -> Sequence[Statement]:
    """Pass the statements through Django's execute wrappers and query log (tests, DEBUG)."""
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
