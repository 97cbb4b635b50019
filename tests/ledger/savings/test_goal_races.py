"""Goals under many orders at the same moment, and under a process that dies at any statement."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connection, transaction

from ledger.goal_errors import GoalClosed, GoalShort
from ledger.leaving import operations as leaving
from ledger.models import Transaction
from ledger.savings import operations as savings
from tests.books import assert_books_right
from tests.factories import UserFactory, balance, funded, new_key
from tests.ledger.support import goals
from tests.ledger.support.crowd import closing, in_thread, run_together, wait_for_a_waiter
from tests.ledger.support.deaths import Died, act_at, points
from tests.ledger.support.goals import held, open_goal, save, saving, take
from tests.ledger.test_crash import worth_dying_at
from tests.tampering import violations
from wallet.context import Context
from wallet.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def saver(db) -> User:
    return funded(UserFactory(), 100_00)


def test_one_of_many_takers_gets_the_money(saver):
    goal = saving(saver, 10_00)
    outcomes = run_together(*(partial(take, goal, 9_00) for _each in range(8)))
    done = [one for one in outcomes if isinstance(one, Transaction)]
    assert (len(done), held(goal), balance(saver)) == (1, 1_00, 99_00)
    assert all(isinstance(one, GoalShort) for one in outcomes if one not in done)
    assert_books_right()


def test_one_key_at_the_same_moment_moves_money_once(saver):
    goal, key = open_goal(saver), new_key()
    records = run_together(*(partial(save, goal, 5_00, key) for _each in range(6)))
    assert len({record.pk for record in records}) == 1
    assert held(goal) == 5_00


def test_opposite_moves_between_goals_and_the_wallet_never_deadlock(saver):
    one, other = saving(saver, 40_00), saving(saver, 40_00, "Rent")
    ways = [
        *(partial(goals.move, one, other, 1_00), partial(goals.move, other, one, 1_00)),
        *(partial(save, one, 1_00), partial(take, other, 1_00)),
    ]
    outcomes = run_together(*ways * 3)
    assert all(isinstance(outcome, Transaction) for outcome in outcomes)
    assert held(one) + held(other) + balance(saver) == 100_00
    assert_books_right()


def test_closing_while_money_moves_loses_none_of_it(saver):
    for _round in range(3):
        goal = saving(saver, 20_00)
        jobs = [partial(save, goal, 1_00), partial(take, goal, 1_00), partial(goals.close, goal)]
        outcomes = run_together(*jobs * 2)
        others = [one for one in outcomes if one and not isinstance(one, Transaction)]
        assert all(isinstance(one, GoalClosed | GoalShort) for one in others), outcomes
        assert (held(goal), balance(saver)) == (0, 100_00)
        assert goals.now(goal).is_closed
    assert_books_right()
    assert violations() == []


def test_closing_dies_at_any_statement_and_is_done_once_when_repeated(saver):
    names = points(goals.close, saving(saver, 10_00))

    def die() -> None:
        connection._rollback()
        raise Died

    for number, name in worth_dying_at(names):
        goal = saving(saver, 10_00)
        with pytest.raises(Died):
            in_thread(partial(act_at, number, die, goals.close, goal))
        is_done = name == "COMMITTED"
        assert goals.now(goal).is_closed == is_done, f"died at {name}"
        assert held(goal) == (0 if is_done else 10_00)
        assert (goals.close(goal) is None) == is_done
        assert (held(goal), balance(saver)) == (0, 100_00)
    assert_books_right()


@pytest.mark.skipif(connection.vendor == "sqlite", reason="rows have locks")
def test_a_goal_that_is_opened_while_its_member_leaves_is_closed_too(saver):
    """It would be out of reach with its money."""
    leaver = UserFactory()
    context = Context(leaver.pk, key=new_key())
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            # What opens a goal, not committed yet.
            plan = savings.GoalPlan("A car")
            goal, _is_replay = savings.open_goal.__wrapped__(context, leaver.pk, plan)
            left = thread.submit(closing(partial(leaving.close, Context(leaver.pk), leaver.pk)))
            wait_for_a_waiter()
        left.result()
    goal.account.refresh_from_db()
    assert goal.account.closed_at
    assert violations() == []
