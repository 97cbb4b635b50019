"""Make, change, pause and end schedules.

Each takes the wallet's lock first, as payments do. So once a member has paused, changed or
cancelled a schedule, no payment that they stopped can go out.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import NamedTuple
from uuid import UUID

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from ledger import lookups, operations
from ledger.due_days import Days, Every
from ledger.errors import (
    AccountClosed,
    DailyLimitReached,
    InsufficientFunds,
    NothingProved,
    RecipientUnproved,
)
from ledger.models import Schedule
from ledger.operations import Order
from ledger.operations.rules import refuse_nonsense
from ledger.schedules.booking import drop_begun, due_day, lock, lock_only
from ledger.schedules.errors import (
    NoDayLeft,
    SavesAlready,
    ScheduleEnded,
    ScheduleKeyReused,
    TooManySchedules,
)
from wallet import messages
from wallet.context import Context
from wallet.db.retries import committed
from wallet.messages import Topic
from wallet.models import Account
from wallet.money import format_money

# That a member has at the same time. More would be a mistake of a program: no page is made for
# longer lists.
SCHEDULES_AT_MOST = 50


class SchedulePlan(NamedTuple):
    """What a schedule is to do. `order` is that of each run."""

    order: Order
    days: Days

    @property
    def kind(self) -> str:
        moves_own = self.order.kind.moves_own
        return Schedule.Kind.SAVING if moves_own else Schedule.Kind.PAYMENT

    @property
    def digest(self) -> str:
        return hashlib.sha256(
            repr((self.kind, columns(self), self.order.source_id)).encode()
        ).hexdigest()


def check(plan: SchedulePlan) -> None:
    """Refuse a plan whose payments would be refused whatever the wallet holds on their day.

    Of own money only the amount is checked: it stays with its member, and each run is refused or
    not.

    Someone who has never paid this person must be able to pay them now: otherwise an empty wallet
    would be enough to find out who is a member. Raises the Refusals of an order, and NoDayLeft.
    """
    if plan.days.first_after(due_day()) is None:
        raise NoDayLeft
    order = plan.order
    if order.kind.moves_own:
        refuse_nonsense(order)
        return
    assert order.source_id
    assert order.target_id
    both = Account.objects.select_related("user").in_bulk([order.source_id, order.target_id])
    source, target = both[order.source_id].user, both[order.target_id].user
    assert source
    assert target
    if source.is_stopped:
        raise NothingProved
    try:
        operations.check_payer(order)
    except (InsufficientFunds, DailyLimitReached):
        if not lookups.has_paid(order.source_id, order.target_id):
            raise
    if not target.is_active:
        raise AccountClosed
    if target.is_stopped:
        raise RecipientUnproved


def find_earlier(context: Context, plan: SchedulePlan) -> Schedule | None:
    """The schedule that this form has made already, if it has."""
    request_id = context.request_id(plan)
    return Schedule.objects.filter(request_id=request_id).first() if request_id else None


@committed
def create(context: Context, plan: SchedulePlan) -> Schedule:
    """Make a schedule, once per key. Raises what `check` raises, TooManySchedules and Busy."""
    lock_wallet(plan)
    return find_earlier(context, plan) or make(plan, context.request_id(plan))


@committed
def create_by_key(context: Context, plan: SchedulePlan) -> tuple[Schedule, bool]:
    """Make a schedule for a program, once per key. Returns it, and if it's a replay.

    Raises what `create` raises, and ScheduleKeyReused if the key made another one.
    """
    lock_wallet(plan)
    request_id = context.request_id("program")
    if request_id:
        found = Schedule.objects.with_sides().filter(request_id=request_id).first()
        if found and found.digest != plan.digest:
            raise ScheduleKeyReused
        if found:
            return found, True
    return make(plan, request_id), False


def lock_wallet(plan: SchedulePlan) -> None:
    """Lock first: schedules are counted, and a member who leaves ends them under the same lock."""
    assert plan.order.source_id
    Account.objects.select_for_update().get(pk=plan.order.source_id)


def make(plan: SchedulePlan, request_id: UUID | None) -> Schedule:
    """The caller holds the wallet."""
    check(plan)
    source_id = plan.order.source_id
    assert source_id
    others = Schedule.objects.filter(source=source_id).open()
    if others.count() >= SCHEDULES_AT_MOST:
        raise TooManySchedules(most=SCHEDULES_AT_MOST)
    if plan.order.kind.moves_own and others.filter(target=plan.order.target_id).exists():
        raise SavesAlready
    made = Schedule.objects.create(
        kind=plan.kind,
        source_id=source_id,
        request_id=request_id,
        digest=plan.digest,
        next_on=plan.days.first_after(due_day()),
        **columns(plan),
    )
    schedule = lock_only(made.pk)
    alert(schedule)
    return schedule


@committed
def change(schedule_id: int, plan: SchedulePlan) -> Schedule:
    """Change what an open schedule does. Raises what `check` raises, ScheduleEnded and Busy.

    Today's run, if it's begun and not paid, begins again with the change.
    """
    schedule = lock_open(schedule_id)
    stopped_on = stop_runs(schedule)
    has_to_check = changes_payment(schedule, plan)
    next_on = stopped_on or schedule.next_on
    if plan.days != schedule.days or next_on is None:
        next_on = plan.days.first_after(due_day())
    if has_to_check:
        check(plan)
    Schedule.objects.filter(pk=schedule.pk).update(next_on=next_on, **columns(plan))
    schedule = lock_only(schedule.pk)
    if has_to_check:
        alert(schedule)
    return schedule


def changes_payment(schedule: Schedule, plan: SchedulePlan) -> bool:
    """Would it pay another amount or payee, or on other days?

    Then it's checked and reported like a new one.
    """
    order = plan.order
    known = (schedule.amount_cents, schedule.target_id, schedule.days)
    return known != (order.amount_cents, order.target_id, plan.days)


def columns(plan: SchedulePlan) -> dict[str, object]:
    order, days = plan.order, plan.days
    return {
        "target_id": order.target_id,
        "amount_cents": order.amount_cents,
        "note": order.description,
        **days._asdict(),
    }


@committed
def pause(schedule_id: int) -> None:
    """Stop a schedule until it's resumed. Its days go by without runs. Raises ScheduleEnded."""
    schedule = lock_open(schedule_id)
    stopped_on = stop_runs(schedule)
    schedule.state, schedule.next_on = Schedule.State.PAUSED, stopped_on or schedule.next_on
    schedule.save(update_fields=["state", "next_on"])


@committed
def resume(schedule_id: int) -> None:
    """Go on with the next day that is still to come. Raises ScheduleEnded and NoDayLeft."""
    schedule = lock_open(schedule_id)
    if not schedule.is_paused:
        return
    next_on = schedule.days.first_after(due_day())
    if next_on is None:
        raise NoDayLeft
    schedule.state, schedule.next_on = Schedule.State.ACTIVE, next_on
    schedule.save(update_fields=["state", "next_on"])


@committed
def cancel(schedule_id: int) -> None:
    """End a schedule for good. Nothing happens if it has ended already. Raises Busy."""
    schedule = lock(schedule_id)
    drop_begun(schedule)
    if not schedule.has_ended:
        schedule.end(Schedule.EndedBy.MEMBER)


def end_all(source_id: int) -> None:
    """Its member leaves. The caller holds the wallet."""
    for pk in Schedule.objects.filter(source=source_id).open().values_list("pk", flat=True):
        schedule = lock_only(pk)
        drop_begun(schedule)
        if not schedule.has_ended:
            schedule.end(Schedule.EndedBy.OWNER)


def lock_open(schedule_id: int) -> Schedule:
    schedule = lock(schedule_id)
    if schedule.has_ended:
        raise ScheduleEnded
    return schedule


def stop_runs(schedule: Schedule) -> date | None:
    """Drop the begun runs. Raises ScheduleEnded if one of them had paid and was the last."""
    stopped_on = drop_begun(schedule)
    if schedule.has_ended:
        raise ScheduleEnded
    return stopped_on


def alert(schedule: Schedule) -> None:
    """A payment will leave without a PIN, so its owner hears of it on every contact."""
    if schedule.goal:
        return
    owner_id = schedule.source.user_id
    assert owner_id
    days = str(schedule.days)
    if schedule.every != Every.ONCE and schedule.next_on and schedule.is_active:
        first = date_format(schedule.next_on, "j M")
        days = _("{days}, next {first}").format(days=days, first=first)
    messages.alert(
        owner_id,
        Topic.SCHEDULE_SET,
        amount=format_money(schedule.amount_cents),
        name=schedule.name,
        days=days,
    )
