"""The endpoints of scheduled payments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated

from django.conf import settings
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpResponse
from ninja import Router, Schema, Status
from pydantic import Field

from ledger.api.endpoints import refuse_session, transfer_of
from ledger.api.payees import require_owner
from ledger.api.schemas import AmountCents, Description, TransferIn
from ledger.due_days import FURTHEST, LONGEST, WEEK_DAYS, Days, Every
from ledger.kinds import TRANSFER
from ledger.models import Schedule, ScheduledRun
from ledger.operations import Order
from ledger.schedules import operations
from ledger.schedules.booking import due_day
from ledger.schedules.errors import DayMissing, DayTooFar
from ledger.schedules.operations import SchedulePlan
from wallet.api.callers import CallRequest, Scope, note_read, require
from wallet.api.schemas import Body, Key, problems
from wallet.models import Account, User

router = Router(tags=["Scheduled payments"])

Rhythm = Annotated[Every, Field(strict=False)]
DayNumber = Annotated[
    Annotated[int, Field(ge=1, le=LONGEST)] | None,
    Field(description="Of the week, 1 is Monday; or of the month, in a shorter one its last day."),
]
OnDate = Annotated[
    Annotated[date, Field(strict=False)] | None,
    Field(description="The day of a payment that is made once.", examples=["2027-05-02"]),
]
CHANGED = problems(403, 404, 411, 413, 415)


class ScheduleIn(TransferIn):
    every: Rhythm
    day: DayNumber = None
    on: OnDate = None


class ScheduleChangeIn(Body):
    amount_cents: AmountCents
    description: Description = ""
    every: Rhythm
    day: DayNumber = None
    on: OnDate = None


class RunOut(Schema):
    due_on: date
    state: ScheduledRun.State
    amount_cents: int
    reference: Annotated[str | None, Field(description="Of the transaction, if it was made.")]
    missed: Annotated[str | None, Field(description="Why nothing moved.", examples=["money"])]


class ScheduleOut(Schema):
    id: int
    from_user_id: int
    to_user_id: Annotated[int | None, Field(description="Null if it saves into a goal.")]
    goal_id: int | None
    amount_cents: int
    currency: str
    description: str
    every: Every
    day: int | None
    on: date | None
    state: Schedule.State
    next_on: Annotated[date | None, Field(description="The day of the next run, from 6:00.")]
    last_run: RunOut | None
    ended_because: Schedule.EndedBy | None
    created_at: datetime
    ended_at: datetime | None


class ScheduleList(Schema):
    items: list[ScheduleOut]


@router.get("/schedules/{id:user_id}", response={200: ScheduleList, **problems(404)})
def list_schedules(request: CallRequest, user_id: int) -> ScheduleList:
    """A member's scheduled payments: the open ones, and the last that have ended."""
    if not request.auth.may_see(user_id) or not User.objects.filter(pk=user_id).exists():
        raise Http404
    note_read(request, user_id)
    mine = with_last_run(Schedule.objects.of_member(user_id).filter(kind=Schedule.Kind.PAYMENT))
    going = mine.exclude(state=Schedule.State.ENDED)
    ended = mine.filter(state=Schedule.State.ENDED)[: settings.PAGE_SIZE]
    return ScheduleList(items=[schedule_out(one) for one in (*going, *ended)])


@router.post(
    "/schedules",
    response={201: ScheduleOut, **problems(403, 404, 411, 413, 415, 422)},
    summary="Schedule a payment",
)
def make_schedule(
    request: CallRequest, response: HttpResponse, body: ScheduleIn, key: Key = None
) -> Status[ScheduleOut]:
    """Pay someone once on a day, or every week or month. Nothing moves before its day.

    The payee is named as in a transfer. A retry with the same key returns the schedule it made, in
    its current state.
    """
    refuse_session(request)
    # First, so that what it says of a stranger comes after all other errors.
    days = days_of(body)
    order, _wallets = transfer_of(request, body)
    made, is_replay = operations.create_by_key(request.auth.context(key), SchedulePlan(order, days))
    if is_replay:
        response.headers["Idempotency-Replayed"] = "true"
    return Status(201, answer(made.pk))


@router.post(
    "/schedules/{id:schedule_id}/change",
    response={200: ScheduleOut, **CHANGED},
    summary="Change a scheduled payment",
)
def change_schedule(request: CallRequest, schedule_id: int, body: ScheduleChangeIn) -> ScheduleOut:
    """Change the amount, the note or the days. For another payee, cancel it and make a new one."""
    found = own_schedule(request, schedule_id)
    refuse_session(request)
    if found.goal:
        raise Http404
    order = Order(
        *(TRANSFER, body.amount_cents, found.source_id, found.target_id, body.description or "")
    )
    operations.change(found.pk, SchedulePlan(order, days_of(body)))
    return answer(found.pk)


def act(request: CallRequest, schedule_id: int, operation: Callable[[int], None]) -> ScheduleOut:
    found = own_schedule(request, schedule_id)
    operation(found.pk)
    return answer(found.pk)


@router.post("/schedules/{id:schedule_id}/pause", response={200: ScheduleOut, **problems(403, 404)})
def pause_schedule(request: CallRequest, schedule_id: int) -> ScheduleOut:
    """Stop it until it's resumed. Its days go by without payments."""
    return act(request, schedule_id, operations.pause)


@router.post(
    "/schedules/{id:schedule_id}/resume", response={200: ScheduleOut, **problems(403, 404)}
)
def resume_schedule(request: CallRequest, schedule_id: int) -> ScheduleOut:
    """Go on with the next day that is still to come."""
    return act(request, schedule_id, operations.resume)


@router.post(
    "/schedules/{id:schedule_id}/cancel", response={200: ScheduleOut, **problems(403, 404)}
)
def cancel_schedule(request: CallRequest, schedule_id: int) -> ScheduleOut:
    """End it for good. Calling it again returns the same."""
    return act(request, schedule_id, operations.cancel)


def own_schedule(request: CallRequest, schedule_id: int) -> Schedule:
    """404 for an unknown schedule, and for one whose member the caller may not act for.

    403 for a token that moves no money, whether there is such a schedule or not.
    """
    require(request.auth.scope != Scope.FINANCE)
    found = Schedule.objects.with_sides().filter(pk=schedule_id).first()
    if found is None or found.source.user_id is None:
        raise Http404
    require_owner(request, found.source.user_id)
    return found


def days_of(body: ScheduleIn | ScheduleChangeIn) -> Days:
    """Raises DayMissing, or DayTooFar."""
    match body.every, body.day, body.on:
        case Every.ONCE, None, date() as on:
            if on > due_day() + FURTHEST:
                raise DayTooFar
            return Days(Every.ONCE, on=on)
        case Every.WEEK | Every.MONTH, day, None:
            return regular(body.every, day)
    raise DayMissing


def regular(every: Every, day: int | None) -> Days:
    """Every week, or every month. Raises DayMissing."""
    if day is None or (every == Every.WEEK and day > WEEK_DAYS):
        raise DayMissing
    return Days(every, day)


def with_last_run(found: QuerySet[Schedule]) -> QuerySet[Schedule]:
    last = ScheduledRun.objects.select_related("transaction").order_by("-due_on")[:1]
    return found.prefetch_related(Prefetch("runs", last, to_attr="last_runs"))


def answer(schedule_id: int) -> ScheduleOut:
    return schedule_out(with_last_run(Schedule.objects.with_sides()).get(pk=schedule_id))


def schedule_out(one: Schedule) -> ScheduleOut:
    assert one.source.user_id
    runs: list[ScheduledRun] = one.last_runs  # type: ignore[attr-defined]
    return ScheduleOut(
        id=one.pk,
        from_user_id=one.source.user_id,
        to_user_id=None if one.goal else one.payee.pk,
        goal_id=one.target_id if one.goal else None,
        amount_cents=one.amount_cents,
        currency=Account.Currency.KES,
        description=one.note,
        every=Every(one.every),
        day=one.day,
        on=one.on,
        state=Schedule.State(one.state),
        next_on=one.next_on,
        last_run=run_out(runs[0]) if runs else None,
        ended_because=Schedule.EndedBy(one.ended_by) if one.ended_by else None,
        created_at=one.created_at,
        ended_at=one.ended_at,
    )


def run_out(run: ScheduledRun) -> RunOut:
    return RunOut(
        due_on=run.due_on,
        state=ScheduledRun.State(run.state),
        amount_cents=run.amount_cents,
        reference=run.transaction.reference if run.transaction else None,
        missed=run.missed or None,
    )
