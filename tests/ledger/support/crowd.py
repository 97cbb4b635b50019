"""Run threads and processes together on the test database, hold locks, watch statements."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.process import BaseProcess
from threading import Barrier, Event, Thread
from typing import Any

import django
from django.apps import apps
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test import override_settings

from wallet.errors import Refusal

# The fork server imports this module before Django is set up.
if not apps.ready:
    django.setup()

from wallet.models import Account

IS_NIGHTLY = os.environ.get("NIGHTLY") == "1"

forks = multiprocessing.get_context("forkserver")
# The fork server imports these once, so that each process needn't.
forks.set_forkserver_preload(
    [__name__, "psycopg", "pytest", "tests.books", "tests.ledger.support.moves"]
)


def run_together(*jobs: Callable[[], Any]) -> list[Any]:
    """Start each job in a thread at the same moment. Returns their answers in order.

    A refusal counts as an answer; any other exception is raised.
    """
    start = Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return job()
        except Refusal as refusal:
            return refusal
        finally:
            connection.close()

    connection.close()
    with ThreadPoolExecutor(len(jobs)) as threads:
        return list(threads.map(run, jobs))


def closing[T](job: Callable[[], T]) -> Callable[[], T]:
    """The job for a thread: it closes the thread's connection at its end."""

    def run() -> T:
        try:
            return job()
        finally:
            connection.close()

    return run


def in_thread[T](job: Callable[[], T]) -> T:
    """Run the job in another thread, on a separate connection, and return its answer."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(closing(job)).result()


def hold_accounts(*accounts: int) -> AbstractContextManager[None]:
    """Another connection locks these accounts during the block (on SQLite the write lock)."""
    return hold_rows(Account.objects.filter(pk__in=accounts).order_by("pk"))


@contextmanager
def hold_rows(rows: QuerySet[Any]) -> Iterator[None]:
    """Another connection locks these rows during the block."""
    is_held, let_go = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            list(rows.select_for_update())
            is_held.set()
            let_go.wait()

    holder = Thread(target=closing(hold))
    holder.start()
    is_held.wait()
    try:
        yield
    finally:
        let_go.set()
        holder.join()


@contextmanager
def wait_at_most(seconds: float) -> Iterator[None]:
    """Orders and this thread's statements wait at most this long for a lock."""
    with override_settings(ORDER_TIMEOUT_S=seconds), lock_timeout(seconds):
        yield


@contextmanager
def lock_timeout(seconds: float) -> Iterator[None]:
    """Set how long this thread's connection waits for a lock."""
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        line, usual_s = connection.connection, connection.connection.usual_timeout_s
        line.usual_timeout_s = seconds
        try:
            yield
        finally:
            line.usual_timeout_s = usual_s
        return
    with connection.cursor() as cursor:
        [usual] = cursor.execute("SHOW lock_timeout").fetchone()
        cursor.execute(f"SET lock_timeout = {round(seconds * 1000)}")
        try:
            yield
        finally:
            cursor.execute(f"SET lock_timeout = '{usual}'")


def wait_for_a_waiter() -> None:
    """Return when some session of PostgreSQL waits for a lock."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = %s"
    with connection.cursor() as cursor:
        for _ in range(1_000):
            time.sleep(0.01)
            if cursor.execute(waiting, [connection.settings_dict["NAME"]]).fetchone():
                return
    raise AssertionError("no session waits for a lock")


def process(job: Callable[..., None], *args: Any) -> BaseProcess:
    """Start the job in a separate process, which has its own connection."""
    started = forks.Process(target=_run, args=(connection.settings_dict["NAME"], job, args))
    started.start()
    return started


def _run(database: str, job: Callable[..., None], args: tuple[Any, ...]) -> None:
    connection.settings_dict["NAME"] = database
    try:
        job(*args)
    finally:
        connection.close()


@contextmanager
def watch_statements(visit: Callable[[str], None]) -> Iterator[None]:
    """Call `visit` before each statement of this thread, and before and after each COMMIT."""

    def before(execute: Callable[..., Any], sql: str, *more: Any) -> Any:
        visit(sql)
        return execute(sql, *more)

    def commit() -> None:
        visit("COMMIT")
        really_commit()
        visit("COMMITTED")

    really_commit = connection._commit
    connection._commit = commit
    try:
        with connection.execute_wrapper(before):
            yield
    finally:
        del connection._commit
