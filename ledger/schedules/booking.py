"""What became of a run that a worker has begun, written under its schedule's lock."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils import timezone

from ledger.due_days import Every
from ledger.models import Schedule, ScheduledRun, Transaction
from ledger.querysets import day_start, nairobi_day
from ledger.schedules.kinds import due_cents
from wallet.models import Account

State = ScheduledRun.State
# Payments of a day go out from this hour in Kenya, when people are awake to read that one failed.
HOUR = 6


def due_day(now: datetime | None = None) -> date:
    """The last day whose payments are due by now."""
    return nairobi_day((now or timezone.now()) - timedelta(hours=HOUR))


def due_at(day: date) -> datetime:
    """When the payments of this day are due."""
    return day_start(day) + timedelta(hours=HOUR)


def lock(schedule_id: int) -> Schedule:
    """Hold the schedule, and before it the wallet that it pays from.

    A payment under way holds the wallet, so either it's committed by now, or it finds what the
    caller changes.
    """
    source_id = Schedule.objects.values_list("source", flat=True).get(pk=schedule_id)
    Account.objects.select_for_update().get(pk=source_id)
    return lock_only(schedule_id)


def lock_only(schedule_id: int) -> Schedule:
    found = Schedule.objects.select_for_update(of=("self",))
    return found.with_sides().get(pk=schedule_id)


def find_paid(schedule: Schedule, run: ScheduledRun) -> Transaction | None:
    """The transaction of this run, if its order was carried out."""
    return Transaction.objects.filter(
        created_by=schedule.source.user_id,
        idempotency_key=run.key,
        from_account=schedule.source_id,
        to_account=schedule.target_id,
        amount_cents=run.amount_cents,
    ).first()


def book_paid(schedule: Schedule, run: ScheduledRun, record: Transaction) -> None:
    ended = {"state": State.DONE, "transaction": record, "ended_at": timezone.now()}
    ScheduledRun.objects.filter(pk=run.pk, state=State.BEGUN).update(**ended)
    end_if_over(schedule)


def book_missed(schedule: Schedule, run: ScheduledRun, missed: str) -> None:
    ended = {"state": State.MISSED, "missed": missed, "ended_at": timezone.now()}
    ScheduledRun.objects.filter(pk=run.pk, state=State.BEGUN).update(**ended)
    end_if_over(schedule)


def end_if_over(schedule: Schedule) -> None:
    """End a schedule for one day once that day's run is over, and a saving at its target."""
    if not schedule.is_active:
        return
    if schedule.every == Every.ONCE and schedule.next_on is None:
        schedule.end(Schedule.EndedBy.DONE)
    elif isinstance(why := due_cents(schedule), Schedule.EndedBy):
        schedule.end(why)


def drop_begun(schedule: Schedule) -> date | None:
    """Delete the runs that are begun and haven't paid, and book those that have.

    Returns the first day of those that it deleted.

    The caller holds the wallet, so none of them pays meanwhile, and none that is deleted can pay
    later: their orders look for their run.
    """
    stopped: list[date] = []
    for run in ScheduledRun.objects.filter(schedule=schedule, state=State.BEGUN):
        if record := find_paid(schedule, run):
            book_paid(schedule, run, record)
        else:
            stopped.append(run.due_on)
            run.delete()
    return min(stopped, default=None)
