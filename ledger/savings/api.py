"""The endpoints of savings goals."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from django.http import Http404, HttpResponse
from ninja import Router, Schema, Status
from pydantic import Field, StringConstraints

from ledger.api.endpoints import MOVED, ORDER_AUTH, perform
from ledger.api.payees import require_owner
from ledger.api.schemas import AmountCents
from ledger.models import Goal, Picture
from ledger.operations import Order
from ledger.operations.interest import Rates, earned_so_far
from ledger.querysets import nairobi_day
from ledger.savings import operations
from ledger.savings.forms import NAME_LENGTH
from wallet.api.callers import CallRequest, Scope, note_read, require
from wallet.api.schemas import Body, Id, Key, Line, problems
from wallet.models import User
from wallet.money import CEILING_CENTS

router = Router(tags=["Savings"])

GoalName = Annotated[
    Line, StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_LENGTH)
]


class GoalIn(Body):
    user_id: Id
    name: GoalName
    picture: Annotated[Picture, Field(strict=False)] | None = Picture.JAR
    target_cents: Annotated[int | None, Field(ge=1, le=CEILING_CENTS)] = None
    target_date: Annotated[
        Annotated[date, Field(strict=False)] | None,
        Field(description="A day after today.", examples=["2027-05-02"]),
    ] = None


class GoalMoveIn(Body):
    amount_cents: AmountCents


class InterestOut(Schema):
    basis_points: Annotated[int, Field(description="A year. 365 is 3.65%.")]
    tax_basis_points: Annotated[int, Field(description="What is withheld of the interest.")]
    earned_cents: Annotated[int, Field(description="Until yesterday, and not paid yet.")]
    paid_on: Annotated[date, Field(description="The next day on which interest is paid.")]


class GoalOut(Schema):
    id: Annotated[int, Field(description="Of the goal and of its account.")]
    user_id: int
    name: str
    picture: Picture
    currency: str
    balance_cents: int
    target_cents: int | None
    target_date: date | None
    weekly_cents: Annotated[
        int | None, Field(description="What to save a week to reach the target in time.")
    ]
    interest: Annotated[InterestOut | None, Field(description="Null without a rate today.")]
    interest_paid_cents: Annotated[int, Field(description="In all, before tax.")]
    interest_tax_cents: Annotated[int, Field(description="Withheld in all.")]
    created_at: datetime


class GoalList(Schema):
    items: list[GoalOut]


@router.get("/goals/{id:user_id}", response={200: GoalList, **problems(404)})
def list_goals(request: CallRequest, user_id: int) -> GoalList:
    """A member's open goals, oldest first."""
    if not request.auth.may_see(user_id) or not User.objects.filter(pk=user_id).exists():
        raise Http404
    note_read(request, user_id)
    found = Goal.objects.of_member(user_id).open()
    rates = Rates()
    return GoalList(items=[goal_out(goal, rates) for goal in found.with_interest_paid()])


@router.post("/goals", response={201: GoalOut, **problems(403, 404, 411, 413, 415, 422)})
def open_goal(
    request: CallRequest, response: HttpResponse, body: GoalIn, key: Key = None
) -> Status[GoalOut]:
    """Begin to save for something: an empty goal.

    A retry with the same key returns the goal it opened, in its current state.
    """
    require_owner(request, body.user_id)
    if not User.objects.filter(pk=body.user_id).exists():
        raise Http404
    if body.target_date and body.target_date <= nairobi_day():
        raise operations.DateIsPast
    picture = body.picture or Picture.JAR
    plan = operations.GoalPlan(body.name, picture.value, body.target_cents, body.target_date)
    goal, is_replay = operations.open_goal(request.auth.context(key), body.user_id, plan)
    if is_replay:
        response.headers["Idempotency-Replayed"] = "true"
    return Status(201, goal_out(Goal.objects.with_interest_paid().get(pk=goal.pk), Rates()))


@router.post("/goals/{id:goal_id}/add", auth=ORDER_AUTH, response=MOVED, tags=["Money"])
def add(
    request: CallRequest, response: HttpResponse, goal_id: int, body: GoalMoveIn, key: Key = None
) -> HttpResponse:
    """Move money from the member's wallet into the goal."""
    goal = own_goal(request, goal_id)
    return carry_out(request, response, goal, operations.order_to_add(goal, body.amount_cents), key)


@router.post("/goals/{id:goal_id}/take", auth=ORDER_AUTH, response=MOVED, tags=["Money"])
def take(
    request: CallRequest, response: HttpResponse, goal_id: int, body: GoalMoveIn, key: Key = None
) -> HttpResponse:
    """Move money from the goal into the member's wallet."""
    goal = own_goal(request, goal_id)
    order = operations.order_to_take(goal, body.amount_cents)
    return carry_out(request, response, goal, order, key)


def carry_out(
    request: CallRequest, response: HttpResponse, goal: Goal, order: Order, key: str | None
) -> HttpResponse:
    owner_id = goal.account.user_id
    assert owner_id
    operations.end_lock_if_over(goal, order)
    return perform(request, response, order, key, dict.fromkeys(order.account_ids, owner_id))


def own_goal(request: CallRequest, goal_id: int) -> Goal:
    """404 for an unknown goal, and for one whose member the caller may not act for.

    403 for a token that moves no money, whether there is such a goal or not.
    """
    require(request.auth.scope != Scope.FINANCE)
    goal = Goal.objects.select_related("account").filter(pk=goal_id).first()
    if goal is None or goal.account.user_id is None:
        raise Http404
    require_owner(request, goal.account.user_id)
    return goal


def interest_out(goal: Goal, rates: Rates) -> InterestOut | None:
    so_far = earned_so_far(goal.account, rates=rates)
    if so_far is None:
        return None
    return InterestOut(
        basis_points=so_far.points,
        tax_basis_points=so_far.tax_points,
        earned_cents=so_far.cents,
        paid_on=so_far.paid_on,
    )


def goal_out(goal: Goal, rates: Rates) -> GoalOut:
    """The goal is one of `with_interest_paid`."""
    assert goal.account.user_id
    paid_cents, tax_cents = goal.interest_cents, goal.tax_cents  # type: ignore[attr-defined]
    return GoalOut(
        id=goal.pk,
        user_id=goal.account.user_id,
        name=goal.name,
        picture=Picture(goal.picture),
        currency=goal.account.currency,
        balance_cents=goal.balance_cents,
        target_cents=goal.target_cents,
        target_date=goal.target_date,
        weekly_cents=goal.weekly_cents(nairobi_day()),
        interest=interest_out(goal, rates),
        interest_paid_cents=paid_cents,
        interest_tax_cents=tax_cents,
        created_at=goal.account.created_at,
    )
