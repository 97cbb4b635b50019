"""Log the statements that took long, without their values."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.backends.utils import CursorWrapper

from wallet import metrics

logger = logging.getLogger("nissmart.slow")

# Values that are written into the SQL itself. Names in double quotes stay.
VALUE = re.compile(r"'(?:[^']|'')*'|\b\d[\d.]*\b")
LETTERS_AT_MOST = 1_000


def note(statements: Iterable[str], began: float) -> None:
    """Log the statements, if it's SLOW_QUERY_MS since they began (`time.perf_counter`)."""
    ms = (time.perf_counter() - began) * 1000
    if not 0 < settings.SLOW_QUERY_MS <= ms:
        return
    metrics.SLOW_QUERIES.inc()
    sql = "; ".join(" ".join(each.split()) for each in statements)[:LETTERS_AT_MOST]
    logger.warning("slow query", extra={"sql": VALUE.sub("?", sql), "ms": round(ms, 1)})


class TimedCursor(CursorWrapper):
    """Django's cursor, with an eye on the clock."""

    def execute(self, sql: Any, params: Any = None) -> Any:
        began = time.perf_counter()
        try:
            return super().execute(sql, params)
        finally:
            note((str(sql),), began)

    def executemany(self, sql: Any, param_list: Any) -> Any:
        began = time.perf_counter()
        try:
            return super().executemany(sql, param_list)
        finally:
            note((str(sql),), began)
