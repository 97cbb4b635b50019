"""Django's way to PostgreSQL, over our connections. Django looks for it under this name."""

from __future__ import annotations

import threading
from typing import Any

from django.db.backends.postgresql import base
from psycopg import IsolationLevel

from wallet.db.postgresql.connection import PipelineConnection


class DatabaseWrapper(base.DatabaseWrapper):
    """Each thread keeps its connection, and looks once per request whether it still has it."""

    connection: PipelineConnection | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.of_thread = threading.local()

    def get_new_connection(self, conn_params: dict[str, Any]) -> PipelineConnection:
        self.isolation_level = IsolationLevel.READ_COMMITTED
        answer_timeout_s = conn_params.pop("answer_timeout_s")
        connection = PipelineConnection.connect(**conn_params)
        connection.answer_timeout_s = answer_timeout_s
        self.of_thread.last = Last(connection)
        return connection

    def is_usable(self) -> bool:
        """Without asking the server, where Django's own would wait for an answer."""
        return self.connection is not None and self.connection.is_open()


class Last:
    """What goes with its thread, and takes the connection along.

    Django's objects hold one another, so that by themselves they would keep it until some garbage
    collection, while the web server has long begun other threads.
    """

    def __init__(self, connection: PipelineConnection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()
