"""What each kind of schedule does on its day: one small function, which makes the order.

To add a kind: a value in `Schedule.Kind` and its constraint, and its function here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ledger.kinds import TRANSFER
from ledger.models import Schedule, ScheduledRun
from ledger.operations import Order


def payment(schedule: Schedule, amount_cents: int) -> Order:
    """Pay another member."""
    return Order(TRANSFER, amount_cents, schedule.source_id, schedule.target_id, schedule.note)


TO_DO: Mapping[str, Callable[[Schedule, int], Order]] = {Schedule.Kind.PAYMENT: payment}


def order_of(run: ScheduledRun) -> Order:
    """What this run is to do. The same each time, because a change takes the run back first."""
    return TO_DO[run.schedule.kind](run.schedule, run.amount_cents)
