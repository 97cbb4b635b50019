"""Many at once on the test database: threads that start together, processes that may die."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from threading import Barrier
from typing import Any

import django
from django.apps import apps
from django.db import connection

from ledger.errors import LedgerError

# The server that forks the processes imports this first, and has not set Django up.
if not apps.ready:
    django.setup()

IS_NIGHTLY = os.environ.get("NIGHTLY") == "1"

forks = multiprocessing.get_context("forkserver")
# What the jobs import, imported once.
forks.set_forkserver_preload([__name__, "psycopg", "pytest", "tests.books", "tests.ledger.moves"])


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Run each job in a thread, all from the same moment. Gives their answers in order; a
    refusal is an answer too."""
    start = Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return job()
        except LedgerError as refusal:
            return refusal
        finally:
            connection.close()

    connection.close()
    with ThreadPoolExecutor(len(jobs)) as threads:
        return list(threads.map(run, jobs))


def process(job: Callable[..., None], *args: Any) -> BaseProcess:
    """Start the job in a process of its own, which has its own connection."""
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
def watched(visit: Callable[[str], None]) -> Iterator[None]:
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
