"""PostgreSQL connections that send several statements together and wait for them once.

Waiting is what a statement costs both sides most: it wakes the server, then us. libpq's
pipeline mode saves that; psycopg's own use of it sends each statement by itself, so this is
written on libpq, through `psycopg.pq`. The server still runs the statements one after another,
each with a snapshot of its own.
"""

from __future__ import annotations

import re
import select
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple

import psycopg
from psycopg import abc
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

# feature_not_supported, which "cached plan must not change result type" is one of, and
# invalid_sql_statement_name: a statement prepared here no longer fits the tables, or is gone.
STALE = (psycopg.errors.FeatureNotSupported, psycopg.errors.InvalidSqlStatementName)

type Row = tuple[Any, ...]
type Value = str | int | datetime | None


class Statement(NamedTuple):
    """SQL with a %s for each of `params`."""

    sql: str
    params: Sequence[Value] = ()


class Ready(NamedTuple):
    """A statement as it is sent: what can't be sent is refused before, when it is made."""

    sql: str
    values: Sequence[bytes | None] = ()


class NoAnswer(psycopg.OperationalError):
    """The server said nothing for too long. The connection is closed."""


# Until the end of the transaction, or of the trip where there is none.
SET_LOCK_TIMEOUT = "SELECT set_config('lock_timeout', %s, true)"


class PipelineConnection(psycopg.Connection[Row]):
    """`ask` sends statements now, `hold` with the next question or the commit.

    A server that says nothing for `answer_timeout_s`, or until `deadline` (of `time.monotonic`),
    counts as gone. A live server hits its own statement_timeout first. `lock_timeout_s` is the
    server's for the transactions and trips that begin while it is set.
    """

    answer_timeout_s: float | None = 30
    deadline: float | None = None
    lock_timeout_s: float | None = None
    # Only SQLite needs to know.
    is_optional = False
    # Named statements belong to one session, which a pooler may take away between transactions.
    prepares = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._held: list[Ready] = []
        self._names: dict[str, bytes] = {}
        self._numbers = count()
        self.answers = select.poll()
        self.answers.register(self.pgconn.socket, select.POLLIN)

    def ask(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """Run what was held, then these; the rows of each of these."""
        asked = [ready(statement) for statement in statements]
        before, self._held = self._held, []
        if self.pgconn.transaction_status == TransactionStatus.IDLE:
            before = [*self._beginning(), *before]
        return self._run([*before, *asked])[len(before) :]

    def ask_alone(self, statement: Statement) -> list[list[Row]]:
        """Run this one in a transaction that ends with it."""
        return self._run([ready(statement)])

    def hold(self, statements: Sequence[Statement]) -> None:
        """Run these by the commit at the latest: what is wrong with them shows only then."""
        self._held += [ready(statement) for statement in statements]
        if self.autocommit:
            self.ask([])

    def is_open(self) -> bool:
        """Has the server not hung up, as far as we know?

        An idle server says nothing but goodbye, so a look at the socket is enough, where asking
        would cost each request a way there and back.
        """
        return not self.closed and not self.answers.poll(0)

    def commit(self) -> None:
        if self._held:
            self.ask([Statement("COMMIT")])
        super().commit()

    def rollback(self) -> None:
        self._held = []
        super().rollback()

    def cursor(self, *args: Any, **kwargs: Any) -> Any:
        if self._held:
            self.ask([])
        return super().cursor(*args, **kwargs)

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """As psycopg does, but no longer than the server may take.

        With a stale statement the connection closes, so that Django opens another: no other
        statement that is prepared here is sure to be any better.
        """
        try:
            return super().wait(gen, interval, self._left_s() if timeout is None else timeout)
        except psycopg.errors._WaitTimeout as error:
            self.close()
            raise NoAnswer("no answer in time") from error
        except STALE:
            self.close()
            raise

    def _beginning(self) -> Iterator[Ready]:
        """What a new transaction begins with."""
        if not self.autocommit:
            level = self.isolation_level
            text = f" ISOLATION LEVEL {level.name.replace('_', ' ')}" if level else ""
            yield Ready("BEGIN" + text)
        if self.lock_timeout_s is not None:
            # 0 would be no limit.
            milliseconds = max(int(self.lock_timeout_s * 1000), 1)
            yield ready(Statement(SET_LOCK_TIMEOUT, (str(milliseconds),)))

    def _left_s(self) -> float | None:
        """How long the server may take now."""
        if self.deadline is None:
            return self.answer_timeout_s
        left_s = max(self.deadline - time.monotonic(), 0.001)
        return min(left_s, self.answer_timeout_s or left_s)

    def _deallocate(self, name: bytes | None) -> Any:
        """psycopg drops all prepared statements after a rollback, and ours are among them."""
        if name is None:
            self._names.clear()
        return super()._deallocate(name)

    def _run(self, statements: Sequence[Ready]) -> list[list[Row]]:
        """One way there and back."""
        new = self._new_names(statements)
        with self.lock:
            try:
                self.pgconn.enter_pipeline_mode()
                for sql, name in new.items():
                    self.pgconn.send_prepare(name, numbered(sql))
                for sql, values in statements:
                    if self.prepares:
                        self.pgconn.send_query_prepared(self._names.get(sql) or new[sql], values)
                    else:
                        self.pgconn.send_query_params(numbered(sql), values)
                self.pgconn.pipeline_sync()
                self._flush()
                results = list(self._results())
                self.pgconn.exit_pipeline_mode()
            except BaseException:
                # With answers still on their way, nothing else can be asked here.
                self.close()
                raise
        for (sql, name), result in zip(new.items(), results, strict=False):
            if result.status == ExecStatus.COMMAND_OK:
                self._names[sql] = name
        for result in results:
            if result.status == ExecStatus.FATAL_ERROR:
                error = psycopg.errors.error_from_result(result)
                if isinstance(error, STALE):
                    self.close()
                raise error
        transformer = Transformer(self)
        return [rows(result, transformer) for result in results[len(new) :]]

    def _new_names(self, statements: Sequence[Ready]) -> dict[str, bytes]:
        """A name for each statement that has to be prepared first."""
        if not self.prepares:
            return {}
        unknown = dict.fromkeys(sql for sql, _values in statements if sql not in self._names)
        return {sql: b"pipeline_%d" % next(self._numbers) for sql in unknown}

    def _flush(self) -> None:
        """Send what is left, and read meanwhile: else each side might wait for the other."""
        while self.pgconn.flush():
            either = select.poll()
            either.register(self.pgconn.socket, select.POLLIN | select.POLLOUT)
            self._wait(either)

    def _results(self) -> Iterator[PGresult]:
        """All that is answered up to the end of the pipeline."""
        while True:
            while self.pgconn.is_busy():
                self._wait(self.answers)
            result = self.pgconn.get_result()
            if result is None:
                continue
            if result.status == ExecStatus.PIPELINE_SYNC:
                return
            yield result

    def _wait(self, sockets: select.poll) -> None:
        left_s = self._left_s()
        if not sockets.poll(left_s and left_s * 1000):
            raise NoAnswer("no answer in time")
        self.pgconn.consume_input()


@lru_cache
def numbered(sql: str) -> bytes:
    """The statement with $1, $2 .. for each %s, as the server wants it."""
    numbers = count(1)
    return re.sub("%s", lambda _blank: f"${next(numbers)}", sql).encode()


def ready(statement: Statement) -> Ready:
    return Ready(statement.sql, [written(value) for value in statement.params])


def written(value: Value) -> bytes | None:
    """The value as text, which the server reads as the type that its place in the statement has:
    so psycopg need not look for one, which cost as much as sending it."""
    if value is None:
        return None
    text = str(value)
    if "\0" in text:
        raise psycopg.DataError("PostgreSQL text has no NUL")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        # As an error of the database, so that Django rolls back.
        raise psycopg.DataError("PostgreSQL text has no half characters") from error


def rows(result: PGresult, transformer: abc.Transformer) -> list[Row]:
    if not result.ntuples:
        return []
    transformer.set_pgresult(result)
    return transformer.load_rows(0, result.ntuples, tuple)
