"""How the background workers are: which live, and which of their jobs are late or fail."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from adminpanel.integrity.jobs import JOBS, Job, named
from adminpanel.models import WorkerJob
from ledger.status import Badge

ALIVE_FOR = timedelta(minutes=1)
NEVER = Badge(_("Never"), "bad", "alert")
LATE = Badge(_("Late"), "bad", "alert")
FAILS = Badge(_("Fails"), "bad", "cross")
RUNNING = Badge(_("Running"), "wait", "clock")
HEALTHY = Badge(_("Healthy"), "good", "check")


class Line(NamedTuple):
    """A job and how it is. `row` is that of the worker which did it last, if any."""

    code: str
    job: Job
    badge: Badge
    row: WorkerJob | None = None

    @property
    def is_wrong(self) -> bool:
        return self.badge.tone == "bad"


class Workers(NamedTuple):
    """`seen_at` is when any worker was last alive, `alive` how many are now."""

    seen_at: datetime | None
    alive: int
    lines: list[Line]

    @property
    def wrong(self) -> list[Line]:
        return [line for line in self.lines if line.is_wrong]


def workers() -> Workers:
    """All jobs, those that are late or fail first. One query of few rows."""
    rows = list(WorkerJob.objects.all())
    since = timezone.now() - ALIVE_FOR
    alive = {row.worker for row in rows if row.seen_at > since}
    by_job: dict[str, list[WorkerJob]] = {code: [] for code in JOBS}
    for row in rows:
        # A worker that is gone says something only while there is no other.
        if not alive or row.worker in alive:
            by_job.setdefault(row.job, []).append(row)
    lines = [line_of(code, found, bool(alive)) for code, found in by_job.items()]
    lines.sort(key=lambda line: not line.is_wrong)
    return Workers(max((row.seen_at for row in rows), default=None), len(alive), lines)


def line_of(code: str, rows: list[WorkerJob], is_alive: bool) -> Line:
    """Several workers do the same job, so it's as well as the worker that did it last."""
    job = named(code)
    if not rows:
        return Line(code, job, NEVER)
    row = max(rows, key=lambda each: each.ended_at or each.since)
    last_at = row.started_at if row.is_running else row.ended_at
    is_late = timezone.now() - (last_at or row.since) > job.late_after
    if row.failures:
        return Line(code, job, FAILS, row)
    if is_late or not is_alive:
        return Line(code, job, LATE, row)
    return Line(code, job, HEALTHY if row.ended_at and not row.is_running else RUNNING, row)
