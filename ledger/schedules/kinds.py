"""What each kind of schedule does on its day: the kind of its order, and one small function.

To add a kind: a value in `Schedule.Kind` and its constraint, and a line in `WORK`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from ledger.kinds import SAVE, TRANSFER, Kind
from ledger.models import Schedule, ScheduledRun
from ledger.operations import Order

EndedBy = Schedule.EndedBy


class Work(NamedTuple):
    """`due_cents` says what the next run moves, or why there is no further run."""

    orders: Kind
    due_cents: Callable[[Schedule], int | EndedBy]


def cents_to_pay(schedule: Schedule) -> int | EndedBy:
    """The schedule's amount, each time."""
    return schedule.amount_cents


def cents_to_save(schedule: Schedule) -> int | EndedBy:
    """The schedule's amount, or what its goal still lacks if that's less. Or why it's over."""
    goal = schedule.goal
    assert goal
    if goal.is_closed:
        return EndedBy.GOAL
    if goal.is_reached:
        return EndedBy.TARGET
    return min(schedule.amount_cents, goal.left_cents or schedule.amount_cents)


WORK: Mapping[str, Work] = {
    Schedule.Kind.PAYMENT: Work(TRANSFER, cents_to_pay),
    Schedule.Kind.SAVING: Work(SAVE, cents_to_save),
}


def due_cents(schedule: Schedule) -> int | EndedBy:
    """What its next run moves, or why it's over."""
    return WORK[schedule.kind].due_cents(schedule)


def order_of(run: ScheduledRun) -> Order:
    """What this run is to do. The same each time, because a change deletes the run first."""
    one = run.schedule
    kind = WORK[one.kind].orders
    return Order(kind, run.amount_cents, one.source_id, one.target_id, one.note)
