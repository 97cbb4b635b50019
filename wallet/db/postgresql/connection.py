"""PostgreSQL connections that send several statements together and wait for them once.

Waiting is what a statement costs both sides most: it wakes the server, then us. libpq's
pipeline mode saves that; psycopg's own use of it sends each statement by itself, so this is
written on libpq, through `psycopg.pq`. The server still runs the statements one after another,
each with a snapshot of its own.
"""

from __future__ import annotations

import re
import select
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


class PipelineConnection(psycopg.Connection[Row]):
    """`ask` sends statements now, `hold` with the next question or the commit.

    A server that says nothing for `answer_timeout_s` is given up. It ends what takes too long by
    itself, so one that is there has answered by then.
    """

    answer_timeout_s: float | None = 30

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
        held, self._held = self._held, []
        begins = not self.autocommit and self.pgconn.transaction_status == TransactionStatus.IDLE
        before = [Ready(self._begin()), *held] if begins else held
        return self._run([*before, *asked])[len(before) :]

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

    def wait(self, *args: Any, **kwargs: Any) -> Any:
        """As psycopg does. With a stale statement it closes, so that Django opens another: no
        other statement that is prepared here is sure to be any better."""
        try:
            return super().wait(*args, **kwargs)
        except STALE:
            self.close()
            raise

    def _begin(self) -> str:
        level = self.isolation_level
        return "BEGIN" + (f" ISOLATION LEVEL {level.name.replace('_', ' ')}" if level else "")

    def _deallocate(self, name: bytes | None) -> Any:
        """psycopg drops all prepared statements after a rollback, and ours are among them."""
        if name is None:
            self._names.clear()
        return super()._deallocate(name)

    def _run(self, statements: Sequence[Ready]) -> list[list[Row]]:
        """One way there and back."""
        unknown = dict.fromkeys(sql for sql, _values in statements if sql not in self._names)
        new = {sql: b"pipeline_%d" % next(self._numbers) for sql in unknown}
        with self.lock:
            try:
                self.pgconn.enter_pipeline_mode()
                for sql, name in new.items():
                    self.pgconn.send_prepare(name, numbered(sql))
                for sql, values in statements:
                    self.pgconn.send_query_prepared(self._names.get(sql) or new[sql], values)
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
        if not sockets.poll(self.answer_timeout_s and self.answer_timeout_s * 1000):
            raise psycopg.OperationalError(f"no answer in {self.answer_timeout_s} s")
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
