"""The background worker runs each due job once, and stops on SIGTERM."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from threading import Barrier, Thread

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from adminpanel.integrity import operations as integrity
from adminpanel.integrity.jobs import JOBS
from adminpanel.models import CheckResult, CheckRun, WorkerJob
from ledger import rollups, verify
from ledger.models import Entry
from nissmart import work
from tests.api.support.granian import database_url
from tests.factories import send
from wallet.context import SYSTEM, Context

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

START_TIMEOUT_S = 120


def test_a_worker_with_nothing_to_do_never_waits_for_the_lock(monkeypatch, alice, bob):
    """SQLite has one lock for all writers, so an idle worker may not ask for it every second."""
    send(alice, bob, 5_00)
    call_command("work", "--once")
    wrote = []

    def note(execute, sql, params, many, context):
        if sql.split(maxsplit=1)[0] in ("BEGIN", "DELETE", "INSERT", "UPDATE"):
            wrote.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        assert work.do_what_is_due()
    assert wrote == []


def test_a_failed_job_does_not_stop_the_others(monkeypatch, caplog):
    def broken() -> None:
        raise ValueError("a broken job")

    monkeypatch.setattr(work, "JOBS", (broken, *work.JOBS))
    with pytest.raises(CommandError):
        call_command("work", "--once")
    assert CheckRun.objects.get().finished_at
    assert "a broken job" in caplog.text


@pytest.mark.any_engine
def test_whole_batches_are_folded(alice, bob, monkeypatch):
    monkeypatch.setattr(rollups, "BATCH", 20)
    for _ in range(10):
        send(alice, bob, 1)
    assert rollups.last_folded_id() == 0
    call_command("work", "--once")
    folded = Entry.objects.filter(pk__lte=rollups.last_folded_id()).count()
    assert folded == rollups.BATCH


def test_many_workers_write_each_result_once():
    integrity.request_run(SYSTEM)
    start = Barrier(4)

    def worker() -> None:
        try:
            start.wait(timeout=10)
            integrity.run_next()
        finally:
            connection.close()

    crowd = [Thread(target=worker) for _ in range(4)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert CheckRun.objects.get().finished_at
    assert CheckResult.objects.count() == len(verify.CHECKS)


def test_many_simultaneous_requests_make_one_run(finance):
    start = Barrier(4)

    def ask() -> None:
        try:
            start.wait(timeout=10)
            integrity.request_run(Context(finance.pk))
        finally:
            connection.close()

    crowd = [Thread(target=ask) for _ in range(4)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert CheckRun.objects.count() == 1


def test_a_worker_runs_until_sigterm():
    process = subprocess.Popen(
        [sys.executable, "manage.py", "work"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": database_url(), "DEBUG": "1"},
    )
    deadline = time.monotonic() + START_TIMEOUT_S
    while not CheckRun.objects.exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # While the checks are under way.
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0
    assert CheckRun.objects.get().finished_at
    # On a busy SQLite a job may have found the database locked, so it needn't have ended well.
    assert WorkerJob.objects.filter(ended_at__isnull=False).count() == len(JOBS)
