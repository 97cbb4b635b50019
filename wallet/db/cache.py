"""The cache in the database, written by one statement.

Django's counts all rows of the table before it writes one, which takes longer with each stranger
who comes by. Here the worker deletes what has expired (`wallet/web/rates.py`), so nothing needs to
be counted.
"""

from __future__ import annotations

import base64
import pickle
from datetime import UTC, datetime
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.db import DatabaseCache
from django.db import DatabaseError, connections, router, transaction
from django.utils import timezone

NEVER = datetime.max.replace(microsecond=0, tzinfo=UTC)
WRITE = """
    INSERT INTO {table} (cache_key, value, expires) VALUES (%s, %s, %s)
    ON CONFLICT (cache_key) DO UPDATE SET value = excluded.value, expires = excluded.expires"""
# `add` writes a key that is missing or has expired.
ADD = WRITE + " WHERE {table}.expires < %s"
TOUCH = "UPDATE {table} SET expires = %s WHERE cache_key = %s AND expires >= %s"


class Cache(DatabaseCache):
    """Its other methods are Django's."""

    _table: str

    def _base_set(
        self, mode: str, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT
    ) -> bool:
        """Write one entry. False if `add` or `touch` had nothing to do, or the write failed."""
        using = connections[router.db_for_write(self.cache_model_class)]
        until = self.get_backend_timeout(timeout)
        ends_at = NEVER if until is None else datetime.fromtimestamp(int(until), tz=UTC)
        expires = using.ops.adapt_datetimefield_value(ends_at)
        now = using.ops.adapt_datetimefield_value(timezone.now().replace(microsecond=0))
        text = base64.b64encode(pickle.dumps(value, self.pickle_protocol)).decode("latin1")
        sql, parameters = {
            "set": (WRITE, [key, text, expires]),
            "add": (ADD, [key, text, expires, now]),
            "touch": (TOUCH, [expires, key, now]),
        }[mode]
        table = using.ops.quote_name(self._table)
        try:
            with transaction.atomic(using.alias), using.cursor() as cursor:
                cursor.execute(sql.format(table=table), parameters)
                return bool(cursor.rowcount)
        except DatabaseError:
            # As Django's: a cache that can't be written is no reason to fail.
            return False
