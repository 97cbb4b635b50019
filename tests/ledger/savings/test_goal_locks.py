"""A locked goal keeps its money until its day, its target, or 48 hours after its member asked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from ledger import operations
from ledger.goal_errors import GoalLocked, NoLock
from ledger.leaving import operations as leaving
from ledger.models import Goal, GoalLock, Transaction
from ledger.querysets import nairobi_day
from ledger.savings import operations as savings
from tests.api.support.calls import by_token
from tests.books import nothing_moves
from tests.conftest import signed_in
from tests.factories import balance, deposit, new_key, withdraw
from tests.ledger.support import goals
from tests.ledger.support.goals import held, open_goal, save, saving, take
from tests.pages import problems, text
from tests.tampering import violations, violations_after
from wallet.context import Context
from wallet.models import Account, Message, User

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOURS_48 = timedelta(hours=48)


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(NOON, tick=False)
    return time_machine


@pytest.fixture
def saver(clock, bob) -> User:
    deposit(bob, 1_000_00)
    return bob


def locked(user: User, until: date | None = date(2026, 3, 10), **plan) -> Goal:
    goal = saving(user, 100_00, **plan)
    operations.lock_goal(goal_id=goal.pk, until=until)
    return goals.now(goal)


def try_to_take(goal: Goal, cents: int) -> Transaction:
    """As pages and the API do it."""
    order = savings.order_to_take(goals.now(goal), cents)
    savings.end_lock_if_over(goals.now(goal), order)
    return goals.order(goal, order)


def assert_locked(goal: Goal, other: Goal) -> None:
    for move in (
        lambda: try_to_take(goal, 1),
        lambda: take(goal, 1),
        lambda: goals.move(goal, other, 1),
        lambda: goals.close(goal),
    ):
        with nothing_moves(), pytest.raises(GoalLocked):
            move()


def test_a_lock_lasts_until_its_day_begins_in_nairobi(saver, clock):
    other = open_goal(saver, "Rent")
    goal = locked(saver)
    save(goal, 5_00)
    # Nairobi is three hours ahead of UTC.
    clock.move_to(datetime(2026, 3, 9, 20, 59, 59, tzinfo=UTC), tick=False)
    assert_locked(goal, other)
    clock.move_to(datetime(2026, 3, 9, 21, tzinfo=UTC), tick=False)
    assert goals.now(goal).lock is None
    try_to_take(goal, 5_00)
    take(goal, 1_00)
    lock = GoalLock.objects.get()
    assert (lock.ended_by, lock.held_cents) == ("day", 105_00)
    assert violations() == []


def test_a_lock_to_the_target_ends_for_good_when_it_is_reached(saver):
    goal = locked(saver, None, target_cents=300_00)
    # Changing the goal doesn't change the lock.
    savings.change_goal(goal.pk, savings.GoalPlan("School fees", target_cents=50_00))
    save(goal, 199_99)
    assert_locked(goal, open_goal(saver, "Rent"))
    save(goal, 1)
    try_to_take(goal, 250_00)
    take(goal, 50_00)
    assert GoalLock.objects.get().ended_by == "target"


def test_money_that_was_asked_for_early_is_free_after_48_hours_without_a_charge(saver, clock):
    goal, other = locked(saver), open_goal(saver, "Rent")
    asked = operations.ask_for_money_early(goal_id=goal.pk)
    assert asked.free_at == NOON + HOURS_48
    clock.move_to(NOON + timedelta(hours=1), tick=False)
    # Asking again doesn't begin the wait again, and is no news.
    assert operations.ask_for_money_early(goal_id=goal.pk).free_at == NOON + HOURS_48
    [heard] = Message.objects.filter(user=saver, topic="unlock_asked")
    assert heard.facts["name"] == "School fees"
    clock.move_to(NOON + HOURS_48 - timedelta(seconds=1), tick=False)
    assert_locked(goal, other)
    clock.move_to(NOON + HOURS_48, tick=False)
    record = goals.close(goal)
    assert (record.amount_cents, record.fee_cents, balance(saver)) == (100_00, 0, 1_000_00)
    assert GoalLock.objects.get().ended_by == "wait"


def test_a_member_who_changes_their_mind_keeps_the_lock(saver, clock):
    goal = locked(saver)
    operations.ask_for_money_early(goal_id=goal.pk)
    operations.keep_locked(goal_id=goal.pk)
    clock.move_to(NOON + HOURS_48, tick=False)
    assert_locked(goal, open_goal(saver, "Rent"))
    operations.ask_for_money_early(goal_id=goal.pk)
    clock.move_to(NOON + 2 * HOURS_48, tick=False)
    with pytest.raises(NoLock):
        operations.keep_locked(goal_id=goal.pk)
    try_to_take(goal, 1)


def test_a_lock_that_would_be_over_already_is_refused(saver):
    goal = saving(saver, 100_00, target_cents=100_00)
    for until in (nairobi_day(), None):
        with pytest.raises(NoLock):
            operations.lock_goal(goal_id=goal.pk, until=until)
    for act in (operations.ask_for_money_early, operations.keep_locked):
        with pytest.raises(NoLock):
            act(goal_id=goal.pk)
    assert not operations.end_lock_if_over(goal_id=goal.pk)


def test_a_goal_has_one_lock_and_can_be_locked_again_later(saver, clock):
    goal = locked(saver)
    first = GoalLock.objects.get()
    assert operations.lock_goal(goal_id=goal.pk, until=date(2026, 4, 1)) == first
    clock.move_to(NOON + timedelta(days=10), tick=False)
    second = operations.lock_goal(goal_id=goal.pk, until=date(2026, 4, 1))
    assert second != first
    assert_locked(goal, open_goal(saver, "Rent"))


def test_an_empty_locked_goal_may_be_closed_and_so_may_the_account(saver):
    goal, other = open_goal(saver), open_goal(saver, "Rent")
    for each in (goal, other):
        operations.lock_goal(goal_id=each.pk, until=date(2026, 3, 10))
    assert goals.close(goal) is None
    assert goals.now(goal).is_closed
    withdraw(saver, 1_000_00)
    leaving.close(Context(saver.pk), saver.pk)
    assert goals.now(other).is_closed
    assert set(GoalLock.objects.values_list("ended_by", flat=True)) == {"empty"}
    assert violations() == []


def lock_row(goal: Goal) -> dict:
    return {"goal": goal, "locked_at": NOON, "opens_at": NOON + timedelta(days=9)}


@pytest.mark.parametrize(
    "wrong",
    [
        {"ended_at": NOON, "ended_by": "day"},
        {"ended_at": NOON, "ended_by": "target"},
        {"ended_at": NOON, "ended_by": "wait"},
        {"ended_at": NOON, "ended_by": "empty"},
        {"ended_at": NOON, "ended_by": ""},
        {"ended_at": NOON + timedelta(days=9), "ended_by": "day", "held_cents": 1},
        {"ended_by": "day"},
        {"opens_at": NOON},
        {"opens_at": None, "target_cents": 1},
        {"target_cents": 1},
        {"asked_at": NOON, "free_at": NOON + HOURS_48 - timedelta(seconds=2)},
        {"asked_at": NOON - HOURS_48, "free_at": NOON},
        {"asked_at": NOON},
    ],
)
def test_the_database_ends_and_changes_no_lock_without_its_reason(saver, wrong):
    goal = locked(saver)
    if "ended_at" in wrong:
        wrong = {"held_cents": 100_00} | wrong
    with pytest.raises(IntegrityError), transaction.atomic():
        GoalLock.objects.filter(goal=goal).update(**wrong)


def test_the_database_begins_deletes_and_replaces_no_lock_otherwise(saver):
    goal, other = locked(saver), open_goal(saver, "Rent")
    for row in (
        lock_row(goal),
        lock_row(other) | {"target_cents": 1},
        lock_row(other) | {"asked_at": NOON, "free_at": NOON + HOURS_48},
        lock_row(other) | {"ended_at": NOON, "ended_by": "empty", "held_cents": 0},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            GoalLock.objects.create(**row)
    with pytest.raises(IntegrityError), transaction.atomic():
        GoalLock.objects.all().delete()
    if connection.vendor == "sqlite":
        columns = "id, goal_id, locked_at, opens_at, ended_by"
        with (
            pytest.raises(IntegrityError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                f"INSERT OR REPLACE INTO ledger_goallock ({columns})"
                " SELECT id, goal_id, locked_at, '2026-01-01', '' FROM ledger_goallock"
            )


def test_the_database_lets_no_money_leave_a_locked_goal_whatever_the_account_says(saver):
    goal = locked(saver)
    Account.objects.filter(pk=goal.pk).update(is_locked=False)
    with nothing_moves(), pytest.raises(IntegrityError, match="keeps its money"):
        take(goal, 1)
    assert ("goals", f"account {goal.pk}") in violations_after("SELECT 1")


def test_a_member_locks_a_goal_and_asks_for_the_money_early_on_pages(saver):
    client, goal = signed_in(saver), saving(saver, 100_00, target_cents=300_00)
    url = f"/savings/{goal.pk}/"
    assert "Wait 48 hours" in text(client.get(f"{url}lock/"))
    refused = client.post(f"{url}lock/", {"rule": "day", "until": "2026-03-02"})
    assert (refused.status_code, problems(refused)) == (422, ["Choose a day after today."])
    client.post(f"{url}lock/", {"rule": "day", "until": "2026-03-10"})
    page = text(client.get(url))
    assert "Locked until 10 March 2026." in page
    assert "Take out" not in page
    assert "locked until 10 March 2026" in text(client.get("/savings/"))
    taken = client.post(f"{url}take/", {"amount": "1", "idempotency_key": new_key()})
    assert (taken.status_code, held(goal)) == (422, 100_00)
    assert client.post(f"{url}close/").status_code == 422
    wrong = client.post(f"{url}unlock/", {"name": "School"})
    assert wrong.status_code == 422
    assert GoalLock.objects.get().asked_at is None
    client.post(f"{url}unlock/", {"name": "school fees "})
    assert "free from Wednesday 4 March, 12:00" in text(client.get(url))
    client.post(f"{url}unlock/", {"keep": "1"})
    assert GoalLock.objects.get().asked_at is None
    assert "School fees stays locked." in text(client.get(url))


def test_no_program_takes_money_out_of_a_locked_goal(saver, clock):
    goal = locked(saver)
    api = by_token(saver)
    path = f"/api/goals/{goal.pk}/take"
    with nothing_moves():
        refused = api.post(path, {"amount_cents": 1})
    assert (refused.status_code, refused.json()["code"]) == (400, "goal_locked")
    clock.move_to(NOON + timedelta(days=9), tick=False)
    assert by_token(saver).post(path, {"amount_cents": 1}).status_code == 201


def test_asking_again_and_again_is_one_message_a_day(alice, time_machine):
    time_machine.move_to("2026-11-28T12:00:00Z", tick=False)
    goal = saving(alice, 10_00)
    operations.lock_goal(goal_id=goal.pk, until=nairobi_day() + timedelta(days=9))
    asked = Message.objects.filter(user=alice, topic="unlock_asked")
    for _each in range(3):
        operations.ask_for_money_early(goal_id=goal.pk)
        operations.keep_locked(goal_id=goal.pk)
    assert asked.count() == 1
    time_machine.shift(timedelta(days=1, minutes=1))
    operations.ask_for_money_early(goal_id=goal.pk)
    assert asked.count() == 2


def test_a_page_is_shown_while_a_lock_ends(alice):
    """The lock ended between the read of the account and the read of its locks."""
    goal = Goal.objects.of_member(alice.pk).get(pk=saving(alice, 10_00).pk)
    goal.account.is_locked = True
    assert goal.lock is None
