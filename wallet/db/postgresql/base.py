"""Django's PostgreSQL backend with our connection class. Django loads the module by this name."""

from __future__ import annotations

import threading
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.postgresql import base
from psycopg import IsolationLevel

from wallet.db.postgresql.connection import PipelineConnection
from wallet.db.postgresql.statements import Statement
from wallet.db.slow import TimedCursor

# Not startup options: PgBouncer refuses those, or drops them silently.
SET_TIMEOUTS = Statement(
    "SELECT pg_backend_pid(), set_config('lock_timeout', %s, false),"
    " set_config('statement_timeout', %s, false),"
    " set_config('idle_in_transaction_session_timeout', %s, false)"
)
READ_TIMEOUTS = Statement(
    "SELECT pg_backend_pid(), current_setting('lock_timeout'),"
    " current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout')"
)
ONLY_READ = Statement("SELECT set_config('default_transaction_read_only', 'on', false)")
NAMES = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")

POOLER_FOUND = (
    "There is a connection pooler in front of PostgreSQL. Set DATABASE_POOLER to its pool_mode:"
    " `session` or `transaction`."
)
TIMEOUTS_MISSING = (
    "A pooler in transaction mode shares its connections, so set the timeouts on the database role."
    " Run on the database: {statements}"
)


class DatabaseWrapper(base.DatabaseWrapper):
    """Each thread keeps its connection and checks once per request that it is still open."""

    connection: PipelineConnection | None
    # Our options, set in `nissmart/databases.py`. libpq doesn't know them.
    OWN: ClassVar[tuple[str, ...]] = ("answer_timeout_s", "timeouts", "pooler", "is_read_only")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.of_thread = threading.local()

    def get_new_connection(self, conn_params: dict[str, Any]) -> PipelineConnection:
        self.isolation_level = IsolationLevel.READ_COMMITTED
        answer_timeout_s, timeouts, pooler, is_read_only = map(conn_params.pop, self.OWN)
        connection = PipelineConnection.connect(**conn_params)
        connection.answer_timeout_s = answer_timeout_s
        connection.prepares = pooler != "transaction"
        try:
            set_timeouts(connection, timeouts, pooler)
            if is_read_only:
                connection.ask_alone(ONLY_READ)
        except BaseException:
            connection.close()
            raise
        self.of_thread.last = Last(connection)
        return connection

    def make_cursor(self, cursor: Any) -> TimedCursor:
        return TimedCursor(cursor, self)

    def is_usable(self) -> bool:
        """Check the socket only. Django's own check waits for an answer from the server."""
        return self.connection is not None and self.connection.is_open()


def set_timeouts(connection: PipelineConnection, timeouts: list[str], pooler: str) -> None:
    """Set the session's timeouts. Raises ImproperlyConfigured if a pooler would drop them."""
    if pooler == "transaction":
        [[(_process, *found)]] = connection.ask_alone(READ_TIMEOUTS)
        if missing := [
            f"ALTER ROLE CURRENT_USER SET {name} = '{wanted}';"
            for name, wanted, now in zip(NAMES, timeouts, found, strict=True)
            if now == "0" and wanted != "0"
        ]:
            raise ImproperlyConfigured(TIMEOUTS_MISSING.format(statements=" ".join(missing)))
        return
    [[(process, *_set)]] = connection.ask_alone(SET_TIMEOUTS._replace(params=timeouts))
    # A pooler gives its clients a made-up process id.
    if not pooler and process != connection.pgconn.backend_pid:
        raise ImproperlyConfigured(POOLER_FOUND)


class Last:
    """Closes the connection when its thread ends.

    Django's objects form reference cycles, so without this the connection would stay open until
    the garbage collector runs, long after the web server has replaced the thread.
    """

    def __init__(self, connection: PipelineConnection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()
