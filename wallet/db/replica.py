"""Reports and exports read from a replica, if REPLICA_URL names one. Nothing else does.

    with replica.reads():
        found = report(...)
    for piece in replica.each(pieces):
        ...

What is read there never decides about money: a query inside a transaction, a write and any query
outside these two stay on the primary. The replica must first have everything that the primary had
committed when the reading began. If it needs longer than REPLICA_LAG_S for that, or is down, the
primary answers.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connections

logger = logging.getLogger(__name__)

REPLICA = "replica"
# After a failure the replica isn't asked again for so long: a silent machine costs seconds.
LEFT_ALONE_S = 30
LOOK_EVERY_S = 0.02
WRITTEN = "SELECT pg_current_wal_lsn()"
# A server that isn't in recovery follows no primary: it's one, or was one before a failover.
REPLAYED = "SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= %s::pg_lsn"


class Chosen(threading.local):
    """Where this thread reads from."""

    alias = DEFAULT_DB_ALIAS


class Health:
    """Whether the replica failed a moment ago. The log says so once, and when it's back."""

    def __init__(self) -> None:
        self.failed_at: float | None = None
        self.is_away = False

    def is_left_alone(self) -> bool:
        return self.failed_at is not None and time.monotonic() - self.failed_at < LEFT_ALONE_S

    def note(self, is_well: bool, why: str = "") -> None:
        if is_well and self.is_away:
            logger.warning("the replica is back")
        if not is_well and not self.is_away:
            logger.warning("the primary answers for the replica: %s", why)
        self.is_away = not is_well
        self.failed_at = None if is_well else time.monotonic()


chosen = Chosen()
health = Health()


class Router:
    """Django's database router. It names the alias for every query, whatever was read before."""

    def db_for_read(self, model: type, **hints: Any) -> str:
        # A transaction reads what it wrote, and decides by what it reads.
        if chosen.alias != DEFAULT_DB_ALIAS and connections[DEFAULT_DB_ALIAS].in_atomic_block:
            return DEFAULT_DB_ALIAS
        return chosen.alias

    def db_for_write(self, model: type, **hints: Any) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: object, other: object, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == DEFAULT_DB_ALIAS


@contextmanager
def reads() -> Iterator[None]:
    """The ORM's reads in this block may be on the replica.

    Don't yield inside the block: the caller would read from the replica too. Use `each`.
    """
    with read_from(choose_alias()):
        yield


def each[T](rows: Iterable[T]) -> Iterator[T]:
    """Yield the rows. Each is read from the replica; the caller's own queries in between use the
    primary."""
    alias, source = choose_alias(), iter(rows)
    while True:
        with read_from(alias):
            try:
                row = next(source)
            except StopIteration:
                return
        yield row


@contextmanager
def read_from(alias: str) -> Iterator[None]:
    before, chosen.alias = chosen.alias, alias
    try:
        yield
    finally:
        chosen.alias = before


def choose_alias() -> str:
    """The replica's alias if it's there and has caught up; otherwise the primary's."""
    if REPLICA not in connections.settings or health.is_left_alone():
        return DEFAULT_DB_ALIAS
    try:
        has_caught_up = catch_up(settings.REPLICA_LAG_S)
    except (DatabaseError, InterfaceError) as error:
        health.note(False, str(error))
        return DEFAULT_DB_ALIAS
    health.note(has_caught_up, f"it is more than {settings.REPLICA_LAG_S:g} s behind")
    return REPLICA if has_caught_up else DEFAULT_DB_ALIAS


def catch_up(timeout_s: float) -> bool:
    """Wait until the replica has what the primary has now. False if that takes too long."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(WRITTEN)
        [written] = cursor.fetchone()
    deadline = time.monotonic() + timeout_s
    with connections[REPLICA].cursor() as cursor:
        while True:
            cursor.execute(REPLAYED, [written])
            if cursor.fetchone() == (True,):
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_EVERY_S)
