"""The endpoints of saving by itself."""

from __future__ import annotations

from typing import Annotated

from django.http import Http404
from ninja import Router, Schema
from pydantic import Field

from ledger.api.schemas import AmountCents
from ledger.due_days import Every
from ledger.goal_errors import GoalClosed
from ledger.models import AutoSaving, Goal, Schedule
from ledger.savings import automatic
from ledger.savings import operations as savings
from ledger.savings.api import own_goal
from ledger.schedules import api as schedules
from ledger.schedules import operations
from ledger.schedules.errors import GoalReached
from ledger.schedules.operations import SchedulePlan
from wallet.api.callers import CallRequest, note_read
from wallet.api.schemas import Body, problems
from wallet.errors import Refusal
from wallet.money import CEILING_CENTS

router = Router(tags=["Savings"])

Kind = AutoSaving.Kind


class OneMeasure(Refusal):
    code = "invalid_request"
    sentence = "Send one of percent, step_cents, or amount_cents with every and day."
    field = "percent"


class AutomaticIn(Body):
    percent: Annotated[
        Annotated[int, Field(ge=1, le=100)] | None, Field(description="Of each deposit.")
    ] = None
    step_cents: Annotated[
        Annotated[int, Field(ge=1, le=CEILING_CENTS)] | None,
        Field(description="Each transfer is rounded up to a multiple, and the rest is saved."),
    ] = None
    amount_cents: AmountCents | None = None
    every: schedules.Rhythm | None = None
    day: schedules.DayNumber = None


class AutomaticPauseIn(Body):
    kind: Annotated[Kind, Field(strict=False, description="A schedule is paused like any other.")]


class PartOut(Schema):
    percent: int
    is_paused: bool


class RoundOut(Schema):
    step_cents: int
    is_paused: bool


class AutomaticOut(Schema):
    goal_id: int
    part: PartOut | None
    round: RoundOut | None
    schedule: schedules.ScheduleOut | None


@router.get("/goals/{id:goal_id}/automatic", response={200: AutomaticOut, **problems(404)})
def read_automatic(request: CallRequest, goal_id: int) -> AutomaticOut:
    """How a goal saves by itself. Null for each way that was never on."""
    goal = Goal.objects.select_related("account").filter(pk=goal_id).first()
    owner_id = goal.account.user_id if goal else None
    if goal is None or owner_id is None or not request.auth.may_see(owner_id):
        raise Http404
    note_read(request, owner_id)
    return automatic_out(goal)


@router.post(
    "/goals/{id:goal_id}/automatic",
    response={200: AutomaticOut, **schedules.CHANGED},
    summary="Save by itself",
)
def set_automatic(request: CallRequest, goal_id: int, body: AutomaticIn) -> AutomaticOut:
    """Turn one way on, or change it: a part of each deposit, round-ups, or an amount on a day.

    What is paused goes on, except a schedule, which is resumed like any other.
    """
    goal = own_goal(request, goal_id)
    if goal.is_closed:
        raise GoalClosed
    match body.percent, body.step_cents, body.amount_cents, body.every:
        case int() as percent, None, None, None if body.day is None:
            automatic.turn_on(goal_id=goal.pk, percent=percent)
        case None, int() as step_cents, None, None if body.day is None:
            automatic.turn_on(goal_id=goal.pk, step_cents=step_cents)
        case None, None, int() as cents, Every() as every:
            save_on_days(request, goal, cents, every, body.day)
        case _:
            raise OneMeasure
    return automatic_out(goal)


@router.post(
    "/goals/{id:goal_id}/automatic/pause",
    response={200: AutomaticOut, **schedules.CHANGED},
    summary="Pause saving by itself",
)
def pause_automatic(request: CallRequest, goal_id: int, body: AutomaticPauseIn) -> AutomaticOut:
    """Save nothing more from deposits, or from payments, until it's turned on again."""
    goal = own_goal(request, goal_id)
    automatic.pause(goal_id=goal.pk, kind=body.kind)
    return automatic_out(goal)


def save_on_days(
    request: CallRequest, goal: Goal, cents: int, every: Every, day: int | None
) -> None:
    """Raises GoalReached, OneMeasure, and the Refusals of schedules."""
    if every == Every.ONCE:
        raise OneMeasure
    saves = Schedule.objects.saving_for(goal.pk)
    if goal.is_reached and saves is None:
        raise GoalReached
    plan = SchedulePlan(savings.order_to_add(goal, cents), schedules.regular(every, day))
    if saves:
        operations.change(saves.pk, plan)
    else:
        operations.create(request.auth.context(None), plan)


def automatic_out(goal: Goal) -> AutomaticOut:
    rules = {rule.kind: rule for rule in goal.auto_savings.all()}
    part, steps = rules.get(Kind.PART), rules.get(Kind.ROUND)
    saves = Schedule.objects.saving_for(goal.pk)
    return AutomaticOut(
        goal_id=goal.pk,
        part=PartOut(percent=part.percent or 0, is_paused=not part.is_on) if part else None,
        round=RoundOut(step_cents=steps.step_cents or 0, is_paused=not steps.is_on)
        if steps
        else None,
        schedule=schedules.answer(saves.pk) if saves else None,
    )
