"""Make the payments that are due: any number of workers, each run at most once.

A worker commits that it begins a run, and the day of the next one. Then it gives the order, under a
key that names the schedule and the day, and writes down what came of it. When it dies in between,
another worker gives the same order again: it pays if it hadn't, and returns the same transaction if
it had. The order looks for its run under the wallet's lock, so a run that a member has stopped, or
that was written as missed, pays nothing later.
"""

from __future__ import annotations

import logging
from collections import deque
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from ledger import operations
from ledger.models import Schedule, ScheduledRun, Transaction
from ledger.schedules import missing
from ledger.schedules.booking import (
    book_missed,
    book_paid,
    due_day,
    end_if_over,
    find_paid,
    lock,
    lock_only,
)
from ledger.schedules.kinds import due_cents, order_of
from wallet.context import Context
from wallet.db.pipeline import Row, Statement
from wallet.db.preconditions import Precondition, Unmet
from wallet.db.retries import committed
from wallet.errors import Busy, OutcomeUnknown, Refusal
from wallet.failures import Failures
from wallet.stopping import IsStopping, never

logger = logging.getLogger(__name__)

Missed, State = ScheduledRun.Missed, ScheduledRun.State
# So that other payments don't wait long for those of a full morning.
TURNS_AT_A_TIME = 50
# Far longer than an order takes. Then its worker is gone, or found the database busy.
LEASE = timedelta(minutes=1)
# After a stop of the worker, the last run is made up if it's no older; money that leaves weeks late
# surprises. The others are missed.
MADE_UP_WITHIN = timedelta(days=7)
# A clock that is years ahead writes at most so many rows at a time.
LATE_AT_MOST = 60
IS_BEGUN = "SELECT 1 FROM ledger_scheduledrun WHERE id = %s AND state = 'begun'"
HAS_SKIP_LOCKED = connection.features.has_select_for_update_skip_locked


def run_due(is_stopping: IsStopping = never) -> int:
    """Make the payments that are due, at most `TURNS_AT_A_TIME`.

    Returns how many schedules had their turn.
    Raises an ExceptionGroup of what went wrong, once the others had their turn.
    """
    failures = Failures("scheduled payments could not be made")
    done = 0
    while done < TURNS_AT_A_TIME and not is_stopping() and (turn := begin_next()) is not None:
        done += 1
        if run := turn.run:
            # The lease of one that fails runs out, and then it is tried again.
            with failures.of(f"schedule {run.schedule_id}, due on {run.due_on}"):
                carry_out(run)
    failures.raise_all()
    return done


# --- Begin


class Turn(NamedTuple):
    """A schedule's turn. `run` is None if there is nothing to pay: it ended, or missed its days."""

    run: ScheduledRun | None


def begin_next() -> Turn | None:
    """The next schedule's turn. None if nothing is due, or while the database is busy: the worker
    comes again soon."""
    now = timezone.now()
    # A read first, because a claim takes SQLite's only write lock.
    if not (
        Schedule.objects.due(due_day(now)).exists() or ScheduledRun.objects.abandoned(now).exists()
    ):
        return None
    try:
        return begin(now)
    except Busy:
        return None


@committed
def begin(now: datetime) -> Turn | None:
    """Take a run that its worker left, or the schedule that has been due longest."""
    abandoned = ScheduledRun.objects.abandoned(now).select_related("schedule__source")
    left = abandoned.select_for_update(skip_locked=HAS_SKIP_LOCKED, of=("self",)).first()
    if left:
        left.lease_until = now + LEASE
        left.save(update_fields=["lease_until"])
        return Turn(left)
    due = Schedule.objects.due(due_day(now)).with_sides()
    schedule = due.select_for_update(skip_locked=HAS_SKIP_LOCKED, of=("self",)).first()
    return None if schedule is None else Turn(begin_run(schedule, now))


def begin_run(schedule: Schedule, now: datetime) -> ScheduledRun | None:
    """Write the runs of the days that are due: at most the last one is carried out."""
    owner, today = schedule.source.user, due_day(now)
    if not (owner and owner.is_active):
        schedule.end(Schedule.EndedBy.OWNER)
        return None
    cents = due_cents(schedule)
    if isinstance(cents, Schedule.EndedBy):
        schedule.end(cents)
        return None
    late = new_days(schedule, today)
    run = None
    if late and late[-1] >= today - MADE_UP_WITHIN:
        run = ScheduledRun.objects.create(
            schedule=schedule,
            due_on=late.pop(),
            amount_cents=cents,
            state=State.BEGUN,
            lease_until=now + LEASE,
        )
    schedule.next_on = schedule.days.first_after(today)
    schedule.save(update_fields=["next_on"])
    if late:
        write_late(schedule, late, now)
    if run is None:
        end_if_over(schedule)
    return run


def new_days(schedule: Schedule, today: date) -> list[date]:
    """The days up to today that are due and have no run. A clock that was ahead left some."""
    first = schedule.next_on
    assert first
    later = deque(schedule.days.after(first, today), LATE_AT_MOST)
    days = [first, *later]
    have = set(schedule.runs.filter(due_on__in=days).values_list("due_on", flat=True))
    return [day for day in days if day not in have]


def write_late(schedule: Schedule, days: list[date], now: datetime) -> None:
    """Write that these days were missed: no worker ran."""
    rows = [
        ScheduledRun(
            schedule=schedule,
            due_on=day,
            amount_cents=schedule.amount_cents,
            state=State.MISSED,
            missed=Missed.LATE,
            ended_at=now,
        )
        for day in days
    ]
    ScheduledRun.objects.bulk_create(rows)
    missing.report(schedule, days, Missed.LATE)


# --- Carry out and end


def carry_out(run: ScheduledRun) -> None:
    """Give the order, outside any transaction, and write down what came of it."""
    if is_stale(run):
        return miss(run, Missed.LATE)
    order = order_of(run)
    context = Context(run.schedule.source.user_id, key=run.key)
    try:
        record = operations.perform(context, order, precondition=still_begun(run))
    except Unmet:
        logger.info("a scheduled payment was stopped", extra={"run": run.pk})
    except (Busy, OutcomeUnknown):
        logger.warning("a scheduled payment has no outcome yet", extra={"run": run.pk})
    except Refusal as refusal:
        miss(run, missing.why(refusal))
    else:
        end_paid(run, record)


def is_stale(run: ScheduledRun) -> bool:
    """Was it left so long that it's too late, or that the next one is due?"""
    today, next_on = due_day(), run.schedule.days.first_after(run.due_on)
    return run.due_on < today - MADE_UP_WITHIN or (next_on is not None and next_on <= today)


def still_begun(run: ScheduledRun) -> Precondition:
    def check(rows: list[Row]) -> None:
        if not rows:
            raise Unmet

    return Precondition(Statement(IS_BEGUN, (run.pk,)), check)


@committed
def end_paid(run: ScheduledRun, record: Transaction) -> None:
    book_paid(lock_only(run.schedule_id), run, record)


@committed
def miss(run: ScheduledRun, missed: ScheduledRun.Missed) -> None:
    """Write the run as missed, unless another worker has just paid it.

    If the payee's account is closed, end the schedule.
    """
    schedule = lock(run.schedule_id)
    if not ScheduledRun.objects.filter(pk=run.pk, state=State.BEGUN).exists():
        return
    if record := find_paid(schedule, run):
        book_paid(schedule, run, record)
        return
    owner = schedule.source.user
    if missed == Missed.PAYEE_CLOSED and owner and not owner.is_active:
        # It's the member's own account that was closed, a moment ago.
        book_missed(schedule, run, Missed.REFUSED)
        if not schedule.has_ended:
            schedule.end(Schedule.EndedBy.OWNER)
        return
    book_missed(schedule, run, missed)
    if missed == Missed.PAYEE_CLOSED and not schedule.has_ended:
        schedule.end(Schedule.EndedBy.PAYEE)
    missing.report(schedule, [run.due_on], missed, run.amount_cents)
