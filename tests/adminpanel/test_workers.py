"""Heartbeats: what the worker's jobs last did, and who hears when they are late or fail."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from adminpanel.alerts import operations as alerts
from adminpanel.integrity import workers
from adminpanel.integrity.heartbeats import Heartbeats
from adminpanel.integrity.jobs import JOBS
from adminpanel.models import Alert, WorkerJob
from nissmart import work
from tests.pages import elements, find, text, words

pytestmark = pytest.mark.django_db

PAGE, OVERVIEW = "/panel/integrity/", "/panel/"
SENDS, CHECKS = "work.send_texts", "integrity.run_next"


def test_each_job_has_its_own_name_and_its_words():
    names = [work.code_of(job) for job in work.every_job()]
    assert sorted(names) == sorted(JOBS)


def beat(worker: Heartbeats, *, fails: str = "") -> None:
    """One turn of all jobs."""
    for job in JOBS:
        try:
            with worker.doing(job):
                assert job != fails, "Jane Secret's phone"
        except AssertionError:
            pass
    worker.write()


@pytest.fixture
def worker() -> Heartbeats:
    found = Heartbeats()
    found.begin(JOBS)
    return found


def states() -> dict[str, str]:
    return {line.code: str(line.badge.word) for line in workers.workers().lines}


def test_a_worker_writes_one_row_for_each_job_however_often_it_beats(worker):
    assert set(states().values()) == {"Never"}
    for _ in range(3):
        beat(worker, fails=SENDS)
    assert WorkerJob.objects.count() == len(JOBS)
    row = WorkerJob.objects.get(job=SENDS)
    assert (row.failures, row.error, row.ok_at) == (3, "AssertionError", None)
    assert states()[SENDS] == "Fails"
    beat(worker)
    row.refresh_from_db()
    assert (row.failures, row.error, row.ok_at) == (0, "", row.ended_at)
    assert set(states().values()) == {"Healthy"}
    with CaptureQueriesContext(
        connection,
    ) as made:
        worker.write()
    assert sum("INSERT" in query["sql"] for query in made) == 1


def test_a_job_is_late_once_it_has_waited_or_run_too_long(worker, time_machine):
    time_machine.move_to("2026-11-28T12:00:00Z", tick=False)
    worker.write()
    assert states()[SENDS] == "Running"
    beat(worker)
    time_machine.shift(timedelta(minutes=6))
    with worker.doing(CHECKS):
        worker.write()
        assert (states()[SENDS], states()[CHECKS]) == ("Late", "Running")
        time_machine.shift(timedelta(minutes=16))
        worker.write()
        assert states()[CHECKS] == "Late"
    beat(worker)
    assert set(states().values()) == {"Healthy"}


def test_a_worker_that_is_gone_counts_only_while_there_is_no_other(worker, time_machine):
    time_machine.move_to("2026-11-28T12:00:00Z", tick=False)
    beat(worker, fails=SENDS)
    WorkerJob.objects.update(worker="gone:1")
    time_machine.shift(timedelta(minutes=2))
    assert (workers.workers().alive, states()[SENDS], states()[CHECKS]) == (0, "Fails", "Late")
    beat(worker)
    assert (workers.workers().alive, states()[SENDS]) == (1, "Healthy")
    time_machine.shift(timedelta(minutes=14))
    worker.write()
    assert not WorkerJob.objects.filter(worker="gone:1").exists()


@pytest.mark.any_engine
def test_the_panel_says_what_is_wrong_and_what_to_do(as_finance, worker, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    assert "No worker has ever been seen." in text(as_finance.get(PAGE))
    assert "No background worker runs" in text(as_finance.get(OVERVIEW))
    beat(worker)
    assert "Nothing needs attention" in text(as_finance.get(OVERVIEW))
    assert "1 process, last seen" in text(as_finance.get(PAGE))
    beat(worker, fails=SENDS)
    assert "1 job of the background worker is late or fails" in text(as_finance.get(OVERVIEW))
    page = as_finance.get(PAGE)
    [wrong] = elements(page, "tr", class_="wrong")
    said = words(wrong)
    assert said.startswith("Send SMS Members don't hear of their payments")
    assert "Failed once: AssertionError. The worker's log says why, at “work.send_texts”." in said
    assert "Jane Secret" not in page.text
    [section] = elements(page, "section", id="worker")
    assert len(list(find(section, "tr"))) == len(JOBS) + 1
    time_machine.shift(timedelta(minutes=3))
    assert "No worker has been seen for a minute." in text(as_finance.get(PAGE))
    assert "for 3 minutes" in text(as_finance.get(OVERVIEW))


def test_the_team_is_alerted_of_a_job_that_fails(worker, settings):
    settings.ALERT_EMAILS = ["team@example.com"]
    beat(worker)
    assert alerts.watch() == 0
    beat(worker, fails=SENDS)
    beat(worker, fails=SENDS)
    beat(worker, fails=SENDS)
    assert alerts.watch() == 1
    alert = Alert.objects.get()
    assert (alert.kind, alert.subject) == ("WORKER", SENDS)
    assert alert.text == "Job of the worker isn't well: Send SMS (Fails)"
    beat(worker)
    alerts.watch()
    assert Alert.objects.get().cleared_at
