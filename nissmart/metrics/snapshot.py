"""What the database says, read at most every few seconds however often someone scrapes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable

from django.db import DatabaseError, InterfaceError, connection

from nissmart.metrics import database, money, work
from nissmart.metrics.gauges import Gauge, Reading, by, gauge
from wallet.db.retries import limit_waits

logger = logging.getLogger(__name__)

KEPT_S = 15
# A scrape never waits longer for the database. Prometheus gives up after ten seconds.
ANSWER_S = 5
READINGS: dict[str, Reading] = {
    "heartbeats": work.heartbeats,
    "queues": work.queues,
    "rollups": work.rollups,
    "checks": work.checks,
    "payouts": money.payouts,
    "floats": money.floats,
    "reconciliation": money.reconciliation,
    "closes": money.closes,
    "incidents": money.incidents,
    "size": database.size,
    "connections": database.connections,
    "archive": database.archive,
    "tables": database.tables,
    "sessions": database.sessions,
}


class Snapshot:
    """The last readings of this process."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self.forget()

    def forget(self) -> None:
        self._gauges: list[Gauge] = []
        self._until = 0.0

    def collect(self) -> Iterable[Gauge]:
        """The gauges, at most KEPT_S old. While another scrape reads, this one gets the last."""
        if time.monotonic() >= self._until and self._guard.acquire(blocking=not self._gauges):
            try:
                if time.monotonic() >= self._until:
                    self._gauges = read()
                    self._until = time.monotonic() + KEPT_S
            finally:
                self._guard.release()
        return self._gauges


def read() -> list[Gauge]:
    """All readings. One that fails leaves out its own gauges, and says so in `readings_failed`."""
    found: list[Gauge] = []
    failed = dict.fromkeys(READINGS, 0)
    is_up = True
    try:
        with limit_waits(None, time.monotonic() + ANSWER_S):
            database.rows("SELECT 1")
            for name, reading in READINGS.items():
                try:
                    found += reading()
                except (DatabaseError, InterfaceError):
                    logger.warning("reading failed", extra={"reading": name}, exc_info=True)
                    failed[name] = 1
                    if not connection.is_usable():
                        raise
    except (DatabaseError, InterfaceError):
        logger.warning("no database for metrics", exc_info=True)
        is_up = False
    up = gauge("database_up", "1 if the database answered the last readings.", is_up)
    return [up, by("reading", "readings_failed", "1 for a reading that failed.", failed), *found]


SNAPSHOT = Snapshot()
