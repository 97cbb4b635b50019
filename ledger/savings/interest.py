"""Pay interest to all savings goals, once a month: a job of the worker."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils import timezone

from ledger.models import Goal, InterestMark, InterestPaid
from ledger.operations.interest import DAY, Rates, pay_interest
from ledger.querysets import nairobi_day, next_day_start
from wallet.db.retries import committed
from wallet.errors import Busy
from wallet.failures import Failures
from wallet.stopping import IsStopping, never

# A month is paid from this time of the next one on, so that the clocks of all machines agree that
# its last day is over.
AFTER = timedelta(hours=1)
BATCH = 1_000


def pay_due(is_stopping: IsStopping = never) -> int:
    """Pay each goal the months that are over and not paid. Returns how many months it paid.

    The rows of `InterestPaid` say what is paid. The mark only saves looking at each goal, and stays
    where it is until all goals are paid. Raises an ExceptionGroup of what went wrong, once the
    others had their turn.
    """
    last_day = nairobi_day(timezone.now() - AFTER).replace(day=1) - DAY
    month = last_day.replace(day=1)
    paid_through = InterestMark.objects.values_list("month", flat=True).first()
    if paid_through and paid_through >= month:
        return 0
    begins_on = Rates().begins_on
    if begins_on is None or begins_on > last_day:
        return 0
    count, last_id, all_paid = 0, 0, True
    failures = Failures("interest could not be paid")
    while ids := due_ids(month, last_day, last_id):
        for goal_id in ids:
            if is_stopping():
                return count
            with failures.of(f"goal {goal_id}"):
                try:
                    count += pay_interest(goal_id=goal_id, through=last_day)
                except Busy:
                    all_paid = False
        last_id = ids[-1]
    failures.raise_all()
    if all_paid:
        move_mark(month)
    return count


def due_ids(month: date, last_day: date, after_id: int) -> list[int]:
    """Open goals that were there in this month and aren't paid for it."""
    goals = Goal.objects.open().filter(account__created_at__lt=next_day_start(last_day))
    paid = InterestPaid.objects.filter(month=month).values("goal")
    due = goals.filter(pk__gt=after_id).exclude(pk__in=paid).order_by("pk")
    return list(due.values_list("pk", flat=True)[:BATCH])


@committed
def move_mark(month: date) -> None:
    InterestMark.objects.get_or_create(pk=1, defaults={"month": month})
    InterestMark.objects.filter(month__lt=month).update(month=month)
