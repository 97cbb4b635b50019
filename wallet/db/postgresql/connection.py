"""PostgreSQL connections in pipeline mode: send several statements, wait once.

The wait is the expensive part of a statement: it wakes the server, then us. libpq's pipeline mode
saves that. psycopg's own pipeline sends each statement separately, so this calls libpq through
`psycopg.pq`. The server still runs the statements in order, each with its own snapshot.
"""

from __future__ import annotations

import select
import time
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count
from typing import Any

import psycopg
from psycopg import abc
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

from wallet.db import slow
from wallet.db.postgresql.statements import Encoded, Statement, encode, number_placeholders

# A prepared statement no longer fits the tables (feature_not_supported: "cached plan must not
# change result type") or is gone (invalid_sql_statement_name).
STALE = (psycopg.errors.FeatureNotSupported, psycopg.errors.InvalidSqlStatementName)
READ_ONLY = psycopg.errors.ReadOnlySqlTransaction

type Row = tuple[Any, ...]


class NoAnswer(psycopg.OperationalError):
    """The server didn't answer in time. The connection is closed."""


class ReadOnlyServer(psycopg.OperationalError):
    """The server takes no writes, as a standby doesn't. Nothing was written.

    The connection is closed: the next one looks for the server that does. psycopg's own class is
    an InternalError, which would pass for a fault of ours.
    """

    sqlstate = "25006"


class NotReplicated(psycopg.OperationalError):
    """The commit is on the primary, but no standby confirmed it: a failover may lose it.

    PostgreSQL answers such a COMMIT with a warning and success, when someone cancels its wait for
    the standby (`pg_cancel_backend`). The connection is closed.
    """


# The function of the server that gives this warning: its text may be in any language.
WAITS_FOR_STANDBY = "SyncRepWaitForLSN"
# Lasts until the end of the transaction; in autocommit, until the end of the round trip.
SET_LOCK_TIMEOUT = "SELECT set_config('lock_timeout', %s, true)"


class PipelineConnection(psycopg.Connection[Row]):
    """`ask` sends statements now; `hold` sends them with the next query or the commit.

    A server that is silent for `answer_timeout_s`, or until `deadline` (`time.monotonic`), counts
    as gone. A live server hits its own statement_timeout first. `lock_timeout_s` becomes the
    server's lock_timeout for transactions that begin while it is set.
    """

    answer_timeout_s: float | None = 30
    deadline: float | None = None
    lock_timeout_s: float | None = None
    # True for a write that may be skipped. Only SQLite's connection reads it.
    is_optional = False
    # Prepared statements belong to a session, and a pooler may switch sessions between
    # transactions.
    prepares = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._held: list[Encoded] = []
        self._names: dict[str, bytes] = {}
        self._numbers = count()
        # The functions of the server that gave a notice. A plain function notes them, not a method:
        # a bound method would make a reference cycle and keep the connection open.
        self._notices: list[str | None] = []
        self.add_notice_handler(partial(note_source, self._notices))
        self.answers = select.poll()
        self.answers.register(self.pgconn.socket, select.POLLIN)

    def ask(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """Run the held statements, then these. Returns the rows of these."""
        asked = [encode(statement) for statement in statements]
        before, self._held = self._held, []
        if self.pgconn.transaction_status == TransactionStatus.IDLE:
            before = [*self._beginning(), *before]
        return self._run([*before, *asked])[len(before) :]

    def ask_alone(self, statement: Statement) -> list[list[Row]]:
        """Run one statement in autocommit."""
        return self._run([encode(statement)])

    def hold(self, statements: Sequence[Statement]) -> None:
        """Run the statements by the commit at the latest. Their errors may show up only then."""
        self._held += [encode(statement) for statement in statements]
        if self.autocommit:
            self.ask([])

    def is_open(self) -> bool:
        """Is the connection still open, as far as we know?

        An idle server sends nothing except when it closes the connection, so polling the socket
        is enough and saves a round trip per request.
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
        """psycopg's wait, with our timeout."""
        try:
            found = super().wait(gen, interval, self._left_s() if timeout is None else timeout)
        except psycopg.errors._WaitTimeout as error:
            self.close()
            raise NoAnswer("no answer in time") from error
        except (*STALE, READ_ONLY) as error:
            raise self._closing(error) from None
        self._refuse_unreplicated()
        return found

    def _closing(self, error: psycopg.Error) -> psycopg.Error:
        """The error to raise. Closes the connection where a new one does better.

        After a stale prepared statement the others may be stale too.
        """
        if isinstance(error, (*STALE, READ_ONLY)):
            self.close()
        if isinstance(error, READ_ONLY):
            return ReadOnlyServer(*error.args, info=error.pgresult)
        return error

    def _refuse_unreplicated(self) -> None:
        """Raises NotReplicated when the last commit didn't reach a standby that it waited for."""
        is_alone = WAITS_FOR_STANDBY in self._notices
        self._notices.clear()
        if is_alone:
            self.close()
            raise NotReplicated("no standby has confirmed the commit")

    def _beginning(self) -> Iterator[Encoded]:
        """The statements that begin a transaction."""
        if not self.autocommit:
            level = self.isolation_level
            text = f" ISOLATION LEVEL {level.name.replace('_', ' ')}" if level else ""
            yield Encoded("BEGIN" + text)
        if self.lock_timeout_s is not None:
            # 0 means no limit.
            milliseconds = max(int(self.lock_timeout_s * 1000), 1)
            yield encode(Statement(SET_LOCK_TIMEOUT, (str(milliseconds),)))

    def _left_s(self) -> float | None:
        """Seconds that the server may still take."""
        if self.deadline is None:
            return self.answer_timeout_s
        left_s = max(self.deadline - time.monotonic(), 0.001)
        return min(left_s, self.answer_timeout_s or left_s)

    def _deallocate(self, name: bytes | None) -> Any:
        """psycopg drops all prepared statements after a rollback, ours included."""
        if name is None:
            self._names.clear()
        return super()._deallocate(name)

    def _run(self, statements: Sequence[Encoded]) -> list[list[Row]]:
        """Send the statements and read their results in one round trip."""
        began = time.perf_counter()
        try:
            return self._exchange(statements)
        finally:
            slow.note((sql for sql, _values in statements), began)

    def _exchange(self, statements: Sequence[Encoded]) -> list[list[Row]]:
        new = self._new_names(statements)
        with self.lock:
            try:
                self.pgconn.enter_pipeline_mode()
                for sql, name in new.items():
                    self.pgconn.send_prepare(name, number_placeholders(sql))
                for sql, values in statements:
                    if self.prepares:
                        self.pgconn.send_query_prepared(self._names.get(sql) or new[sql], values)
                    else:
                        self.pgconn.send_query_params(number_placeholders(sql), values)
                self.pgconn.pipeline_sync()
                self._flush()
                results = list(self._results())
                self.pgconn.exit_pipeline_mode()
            except BaseException:
                # Results are still in transit, so the connection can't be used again.
                self.close()
                raise
        for (sql, name), result in zip(new.items(), results, strict=False):
            if result.status == ExecStatus.COMMAND_OK:
                self._names[sql] = name
        for result in results:
            if result.status == ExecStatus.FATAL_ERROR:
                raise self._closing(psycopg.errors.error_from_result(result))
        self._refuse_unreplicated()
        transformer = Transformer(self)
        return [rows(result, transformer) for result in results[len(new) :]]

    def _new_names(self, statements: Sequence[Encoded]) -> dict[str, bytes]:
        """A name for each statement that isn't prepared yet."""
        if not self.prepares:
            return {}
        unknown = dict.fromkeys(sql for sql, _values in statements if sql not in self._names)
        return {sql: b"pipeline_%d" % next(self._numbers) for sql in unknown}

    def _flush(self) -> None:
        """Send the rest, and read meanwhile: otherwise each side could wait for the other."""
        while self.pgconn.flush():
            either = select.poll()
            either.register(self.pgconn.socket, select.POLLIN | select.POLLOUT)
            self._wait(either)

    def _results(self) -> Iterator[PGresult]:
        """The results, up to the end of the pipeline."""
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


def note_source(sources: list[str | None], notice: psycopg.errors.Diagnostic) -> None:
    # libpq frees the notice when this returns.
    sources.append(notice.source_function)


def rows(result: PGresult, transformer: abc.Transformer) -> list[Row]:
    if not result.ntuples:
        return []
    transformer.set_pgresult(result)
    return transformer.load_rows(0, result.ntuples, tuple)
