"""Savings goals for tests, and the orders that move money in and out of them."""

from __future__ import annotations

from typing import Any

from ledger import operations
from ledger.models import Goal, Transaction
from ledger.operations import Order
from ledger.savings import operations as savings
from tests.factories import new_key
from wallet.context import Context
from wallet.models import User


def open_goal(user: User, name: str = "School fees", **plan: Any) -> Goal:
    context = Context(user.pk, key=new_key())
    return savings.open_goal(context, user.pk, savings.GoalPlan(name, **plan))[0]


def saving(user: User, cents: int, name: str = "School fees", **plan: Any) -> Goal:
    """A goal of this member with this much money in it."""
    goal = open_goal(user, name, **plan)
    save(goal, cents)
    return now(goal)


def now(goal: Goal) -> Goal:
    """The goal as it is in the database."""
    return Goal.objects.select_related("account").get(pk=goal.pk)


def held(goal: Goal) -> int:
    return now(goal).balance_cents


def save(goal: Goal, cents: int, key: str | None = None) -> Transaction:
    return order(goal, savings.order_to_add(goal, cents), key)


def take(goal: Goal, cents: int, key: str | None = None) -> Transaction:
    return order(goal, savings.order_to_take(goal, cents), key)


def move(goal: Goal, to: Goal, cents: int, key: str | None = None) -> Transaction:
    return order(goal, savings.order_to_move(goal, to, cents), key)


def order(goal: Goal, wanted: Order, key: str | None = None) -> Transaction:
    return operations.perform(owner_context(goal, key), wanted)


def close(goal: Goal) -> Transaction | None:
    return operations.close_goal(owner_context(goal), goal_id=goal.pk)


def owner_context(goal: Goal, key: str | None = None) -> Context:
    return Context(goal.account.user_id, key=key or new_key())
