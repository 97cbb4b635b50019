"""How the background workers are, and how long work has been waiting for them."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import timezone

from adminpanel.integrity import workers
from adminpanel.models import CheckRun
from ledger.models import Entry
from ledger.rollups import last_folded_id
from nissmart import worker_state
from nissmart.metrics.gauges import Gauge, age_s, by, gauge, second


def heartbeats() -> Iterator[Gauge]:
    found = workers.workers()
    rows = {line.code: line.row for line in found.lines if line.row}
    yield gauge("workers", "Worker processes seen within a minute.", found.alive)
    yield gauge(
        "worker_last_seen_timestamp_seconds",
        "When any worker was last seen.",
        second(found.seen_at),
    )
    yield by(
        "task",
        "task_last_run_timestamp_seconds",
        "When a job of the worker last ended.",
        {code: second(row.ended_at) for code, row in rows.items()},
    )
    yield by(
        "task",
        "task_last_success_timestamp_seconds",
        "When a job of the worker last ended well.",
        {code: second(row.ok_at) for code, row in rows.items()},
    )
    yield by(
        "task",
        "task_duration_seconds",
        "How long the last run of a job took.",
        {code: row.duration_ms / 1000 for code, row in rows.items()},
    )
    yield by(
        "task",
        "task_failures_in_a_row",
        "How often a job failed since it last ended well.",
        {code: row.failures for code, row in rows.items()},
    )
    yield by(
        "task",
        "task_late",
        "1 for a job that is late or never ran.",
        {line.code: line.badge in (workers.LATE, workers.NEVER) for line in found.lines},
    )


def queues() -> Iterator[Gauge]:
    now, jobs = timezone.now(), worker_state.jobs()
    yield by(
        "queue",
        "queue_rows",
        "Rows that wait for a worker, counted up to 1,001.",
        {job.code: job.due for job in jobs},
    )
    yield by(
        "queue",
        "queue_oldest_seconds",
        "How long the oldest of them has been due; 0 if there is none.",
        {job.code: age_s(job.due_since, now) for job in jobs if job.knows_since},
    )


def rollups() -> Iterator[Gauge]:
    newest = Entry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    yield gauge(
        "rollup_lag_entries",
        "Entries that aren't folded into totals, at most. Up to 1,000 always wait.",
        max(newest - last_folded_id(), 0),
    )


def checks() -> Iterator[Gauge]:
    """The last run of the checks that ended."""
    finished = CheckRun.objects.filter(finished_at__isnull=False)
    run = finished.prefetch_related("results").order_by("-finished_at").first()
    yield gauge(
        "checks_last_run_timestamp_seconds",
        "When the checks of the books last ran.",
        second(run.finished_at) if run else None,
    )
    yield by(
        "check",
        "check_failed",
        "1 for a check of the books that failed in the last run.",
        {one.check_name: not one.has_passed for one in run.results.all()} if run else {},
    )
