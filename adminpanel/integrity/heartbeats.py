"""The heartbeats of a worker: what its jobs did, kept in memory and written every few seconds.

A job's turn costs no write. One upsert writes the rows of all jobs, so an idle worker writes four
times a minute.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.utils import timezone

from adminpanel.models import WorkerJob
from wallet.db.retries import committed

EVERY_S = 15
# A worker that wasn't seen for this long is gone, and its rows are deleted.
FORGET_AFTER = timedelta(minutes=15)
WRITTEN = (
    *("seen_at", "started_at", "ended_at", "ok_at", "duration_ms", "failures", "error"),
    "since",
)


class Heartbeats:
    """The jobs of this process."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._rows: dict[str, WorkerJob] = {}

    def begin(self, jobs: Iterable[str]) -> None:
        """Name the jobs that this process does from now on."""
        now, worker = timezone.now(), f"{socket.gethostname()}:{os.getpid()}"
        with self._guard:
            self._rows = {job: WorkerJob(job=job, worker=worker, since=now) for job in jobs}

    @contextmanager
    def doing(self, job: str) -> Iterator[None]:
        """One turn of a job. In a process that has named no jobs it does nothing."""
        row = self._rows.get(job)
        if row is None:
            yield
            return
        row.started_at, began = timezone.now(), time.monotonic()
        failures, error = row.failures + 1, ""
        try:
            yield
            failures = 0
        except Exception as raised:
            # Its message may name a person. The log has it.
            error = type(raised).__name__[:60]
            raise
        finally:
            with self._guard:
                row.ended_at = timezone.now()
                row.duration_ms = round((time.monotonic() - began) * 1000)
                row.failures, row.error = failures, error
                row.ok_at = row.ok_at if failures else row.ended_at

    def write(self) -> None:
        """Write the rows of all jobs, and forget workers that are gone."""
        with self._guard:
            now = timezone.now()
            rows = list(self._rows.values())
            for row in rows:
                row.pk, row.seen_at = None, now
        write_rows(rows)


@committed
def write_rows(rows: list[WorkerJob]) -> None:
    WorkerJob.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["job", "worker"], update_fields=WRITTEN
    )
    WorkerJob.objects.filter(seen_at__lt=timezone.now() - FORGET_AFTER).delete()


HEARTBEATS = Heartbeats()
