"""Django's way to PostgreSQL, over our connections. Django looks for it under this name."""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base
from psycopg import IsolationLevel

from wallet.postgresql.connection import PipelineConnection


class DatabaseWrapper(base.DatabaseWrapper):
    """Each thread keeps its connection, and looks once per request whether it still has it."""

    connection: PipelineConnection | None

    def get_new_connection(self, conn_params: dict[str, Any]) -> PipelineConnection:
        self.isolation_level = IsolationLevel.READ_COMMITTED
        return PipelineConnection.connect(**conn_params)

    def is_usable(self) -> bool:
        """Without asking the server, where Django's own would wait for an answer."""
        return self.connection is not None and self.connection.is_open()
