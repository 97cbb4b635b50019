"""Open and change savings goals, and the orders that move a member's own money.

`ledger.operations` carries the orders out and closes goals.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from ledger import operations
from ledger.errors import AccountClosed, InvalidAmount
from ledger.goal_errors import GoalClosed, GoalKeyReused, TooManyGoals
from ledger.kinds import MOVE, SAVE, TAKE
from ledger.models import Goal, Picture
from ledger.operations import Order
from wallet.context import Context
from wallet.db.retries import committed
from wallet.errors import Refusal
from wallet.models import Account, User

# More would be a mistake of a program: no page is made for longer lists.
GOALS_AT_MOST = 20


class DateIsPast(Refusal):
    code = "invalid_request"
    sentence = _("Choose a day after today.")
    field = "target_date"


class GoalPlan(NamedTuple):
    """What a member says about a goal. `target_cents` is in whole cents."""

    name: str
    picture: str = Picture.JAR
    target_cents: int | None = None
    target_date: date | None = None

    def digest(self, user_id: int) -> str:
        return hashlib.sha256(repr((user_id, *self)).encode()).hexdigest()


@committed
def open_goal(context: Context, user_id: int, plan: GoalPlan) -> tuple[Goal, bool]:
    """Open an empty goal for this member, once per key. Returns it, and if it's a replay.

    Raises InvalidAmount, TooManyGoals, AccountClosed, GoalKeyReused if the key opened another goal,
    and Busy.
    """
    assert context.actor_id
    refuse_target(plan)
    # Lock first: goals are counted, and a member who leaves closes them under the same lock.
    Account.objects.select_for_update().get(pk=Account.objects.wallet_id(user_id))
    if context.key:
        made = Goal.objects.filter(created_by=context.actor_id, idempotency_key=context.key)
        if goal := made.select_related("account").first():
            if goal.digest != plan.digest(user_id):
                raise GoalKeyReused
            return goal, True
    if not User.objects.get(pk=user_id).is_active:
        raise AccountClosed
    if Goal.objects.of_member(user_id).open().count() >= GOALS_AT_MOST:
        raise TooManyGoals(most=GOALS_AT_MOST)
    account = Account.objects.create(user_id=user_id, kind=Account.Kind.GOAL)
    goal = Goal.objects.create(
        account=account,
        created_by_id=context.actor_id,
        idempotency_key=context.key,
        digest=plan.digest(user_id),
        **plan._asdict(),
    )
    return goal, False


@committed
def change_goal(goal_id: int, plan: GoalPlan) -> Goal:
    """Change what a member says about an open goal. Raises InvalidAmount, GoalClosed and Busy."""
    refuse_target(plan)
    account = Account.objects.select_for_update().get(pk=goal_id)
    if account.closed_at:
        raise GoalClosed
    Goal.objects.filter(pk=goal_id).update(**plan._asdict())
    return Goal.objects.select_related("account").get(pk=goal_id)


def refuse_target(plan: GoalPlan) -> None:
    if plan.target_cents is not None and plan.target_cents <= 0:
        raise InvalidAmount


def order_to_add(goal: Goal, amount_cents: int) -> Order:
    """From the member's wallet into the goal."""
    return Order(SAVE, amount_cents, wallet_of(goal), goal.pk)


def order_to_take(goal: Goal, amount_cents: int) -> Order:
    """From the goal into the member's wallet."""
    return Order(TAKE, amount_cents, goal.pk, wallet_of(goal))


def order_to_move(goal: Goal, to: Goal, amount_cents: int) -> Order:
    """From one goal into another of the same member."""
    return Order(MOVE, amount_cents, goal.pk, to.pk)


def end_lock_if_over(goal: Goal, order: Order) -> None:
    """Before an order that takes money out of a goal whose lock is over. Raises Busy."""
    if goal.account.is_locked and order.source_id == goal.pk:
        operations.end_lock_if_over(goal_id=goal.pk)


def wallet_of(goal: Goal) -> int:
    assert goal.account.user_id
    return Account.objects.wallet_id(goal.account.user_id)
