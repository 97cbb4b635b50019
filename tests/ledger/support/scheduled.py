"""Schedules for tests, and time that goes on."""

from __future__ import annotations

from datetime import date, datetime

from ledger.due_days import Days, Every
from ledger.kinds import TRANSFER
from ledger.models import Schedule, ScheduledRun, Transaction
from ledger.operations import Order
from ledger.querysets import NAIROBI
from ledger.schedules import operations
from ledger.schedules.operations import SchedulePlan
from tests.factories import account_id, new_key
from wallet.context import Context
from wallet.models import User

CENTS = 100_00
MONDAYS = Days(Every.WEEK, 1)
# A Sunday, in the morning.
TODAY = date(2026, 11, 29)
MONDAY = date(2026, 11, 30)


def at(day: date, hour: int = 9, minute: int = 0) -> datetime:
    """This hour of the day in Kenya."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=NAIROBI)


def plan(
    payer: User, payee: User, days: Days = MONDAYS, cents: int = CENTS, note: str = "Rent"
) -> SchedulePlan:
    return SchedulePlan(Order(TRANSFER, cents, account_id(payer), account_id(payee), note), days)


def schedule(payer: User, payee: User, *args: object, **more: object) -> Schedule:
    context = Context(payer.pk, key=new_key())
    return operations.create(context, plan(payer, payee, *args, **more))  # type: ignore[arg-type]


def runs(one: Schedule) -> list[tuple[date, str, str]]:
    """(day, state, why it was missed) of each run, oldest first."""
    found = ScheduledRun.objects.filter(schedule=one).order_by("due_on")
    return list(found.values_list("due_on", "state", "missed"))


def paid(one: Schedule) -> int:
    """How many payments this schedule has made."""
    made = Transaction.objects.filter(idempotency_key__startswith=f"schedule:{one.pk}:")
    return made.count()
