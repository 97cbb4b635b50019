"""A goal saves by itself on a day: the same runs as scheduled payments, up to its target."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from ledger.asks import operations as asks
from ledger.due_days import Days, Every
from ledger.errors import InvalidAmount
from ledger.leaving import operations as leaving
from ledger.models import Goal, Schedule, Transaction
from ledger.savings import automatic as saving_by_itself
from ledger.savings import operations as savings
from ledger.schedules import operations
from ledger.schedules.errors import SavesAlready
from ledger.schedules.operations import SchedulePlan
from ledger.schedules.runs import run_due
from tests.books import assert_books_right, nothing_moves
from tests.conftest import signed_in
from tests.factories import balance, new_key, send
from tests.ledger.support.goals import close, held, open_goal, save, saving
from tests.ledger.support.scheduled import MONDAY, MONDAYS, TODAY, at, runs
from tests.pages import text
from wallet.context import Context
from wallet.models import Account, Delivery, Message

pytestmark = pytest.mark.django_db

WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
def monday(time_machine):
    """Go to the Monday of this week, counted from the next one. It begins on a Sunday."""
    time_machine.move_to(at(TODAY), tick=False)
    return lambda week=0: time_machine.move_to(at(MONDAY + WEEK * week), tick=False)


def automatic(goal: Goal, cents: int = 40_00, days: Days = MONDAYS) -> Schedule:
    plan = SchedulePlan(savings.order_to_add(goal, cents), days)
    return operations.create(Context(goal.account.user_id, key=new_key()), plan)


def test_it_saves_up_to_the_target_and_stops(monday, alice):
    goal = open_goal(alice, target_cents=100_00)
    one = automatic(goal)
    for week in range(4):
        monday(week)
        run_due()
        run_due()
    assert (held(goal), balance(alice)) == (100_00, 900_00)
    done = Transaction.objects.filter(type="SAVE").order_by("pk")
    assert list(done.values_list("amount_cents", flat=True)) == [40_00, 40_00, 20_00]
    one.refresh_from_db()
    assert (one.state, one.ended_by, len(runs(one))) == ("ended", "target", 3)
    assert_books_right()


def test_what_is_added_by_hand_counts_and_a_goal_without_a_target_goes_on(monday, alice):
    goal, endless = saving(alice, 10_00, target_cents=50_00), open_goal(alice, "Rent")
    one = automatic(goal)
    automatic(endless, 1_00)
    save(goal, 40_00)
    for week in range(3):
        monday(week)
        run_due()
    one.refresh_from_db()
    assert (one.ended_by, runs(one), held(goal), held(endless)) == ("target", [], 50_00, 3_00)


def test_a_day_without_money_is_skipped_and_said(monday, alice, bob):
    goal = open_goal(alice)
    one = automatic(goal)
    send(alice, bob, 960_01)
    monday()
    with nothing_moves():
        run_due()
    Account.objects.filter(user=alice, kind="wallet").update(is_frozen=True, frozen_by="member")
    monday(1)
    with nothing_moves():
        run_due()
    assert [why for _day, _state, why in runs(one)] == ["money", "frozen"]
    sms = Delivery.objects.filter(user=alice, channel="sms").order_by("pk").first().text
    assert sms == (
        "KES 40.00 for School fees, due 30 Nov, wasn't saved. Your wallet had too little money."
    )
    assert set(Message.objects.filter(user=alice).values_list("topic", flat=True)) == {
        "saving_missed"
    }


def test_a_closed_goal_and_a_closed_account_end_it(monday, alice, bob):
    closed, left = open_goal(alice), open_goal(alice, "Rent")
    schedules = [automatic(closed), automatic(left)]
    close(closed)
    send(alice, bob, 1_000_00)
    monday()
    leaving.close(Context(alice.pk), alice.pk)
    with nothing_moves():
        run_due()
    assert {Schedule.objects.get(pk=one.pk).ended_by for one in schedules} == {"owner"}
    goal = open_goal(bob)
    one = automatic(goal)
    close(goal)
    monday(1)
    with nothing_moves():
        run_due()
    one.refresh_from_db()
    assert (one.ended_by, runs(one)) == ("goal", [])


def test_a_member_sets_changes_and_stops_it_on_the_pages(monday, alice, bob):
    goal, client = open_goal(alice), signed_in(alice)
    page = reverse("ledger:save_on_days", args=[goal.pk])
    typed = {"amount": "40", "every": "week", "weekday": "1", "idempotency_key": new_key()}
    assert "Save on a day Off" in text(client.get(f"/savings/{goal.pk}/"))
    wrong = client.post(page, typed | {"amount": "", "every": "once"})
    assert wrong.status_code == 422
    for _twice in range(2):
        assert client.post(page, typed).status_code == 303
    one = Schedule.objects.get()
    assert (one.kind, one.amount_cents, one.days) == ("saving", 40_00, MONDAYS)
    shown = text(client.get(f"/savings/{goal.pk}/"))
    assert "Save on a day KES 40.00 · Every Monday · Next Mon 30 Nov" in shown
    assert "School fees" not in text(client.get("/scheduled/"))
    assert client.get(f"/scheduled/{one.pk}/edit/").url == page
    monthly = {"amount": "5", "every": "month", "monthday": "31"}
    assert client.post(page, typed | monthly).status_code == 303
    one.refresh_from_db()
    assert (one.amount_cents, one.days) == (5_00, Days(Every.MONTH, 31))
    with pytest.raises(SavesAlready):
        automatic(goal)
    client.post(f"/scheduled/{one.pk}/pause/")
    assert "Paused." in text(client.get(f"/savings/{goal.pk}/"))
    assert "Into School fees" in text(client.get(f"/scheduled/{one.pk}/"))
    assert "Stop saving on a day?" in text(client.get(f"/scheduled/{one.pk}/cancel/"))
    client.post(f"/scheduled/{one.pk}/cancel/")
    one.refresh_from_db()
    assert one.ended_by == "member"
    for url in (page, f"/scheduled/{one.pk}/"):
        assert signed_in(bob).get(url).status_code == 404


def test_a_missed_last_part_is_named_as_it_was(monday, alice, bob):
    """Less than usual was missing to the target."""
    goal = saving(alice, 80_00, target_cents=100_00)
    automatic(goal)
    send(alice, bob, balance(alice))
    monday()
    run_due()
    missed = Message.objects.get(topic="saving_missed")
    assert missed.facts["amount"] == "KES\N{NO-BREAK SPACE}20.00"


@pytest.mark.parametrize("cents", [0, -1])
def test_an_amount_of_nothing_is_refused_before_the_database_has_to(monday, alice, cents):
    """Found by seed 1008 of the simulator, in schedules; then in the others."""
    goal = open_goal(alice)
    calls = [
        lambda: automatic(goal, cents),
        lambda: operations.change(
            automatic(goal).pk, SchedulePlan(savings.order_to_add(goal, cents), MONDAYS)
        ),
        lambda: savings.change_goal(goal.pk, savings.GoalPlan("Fees", target_cents=cents)),
        lambda: open_goal(alice, target_cents=cents),
        lambda: asks.make(alice.pk, amount_cents=cents, note=""),
        lambda: saving_by_itself.turn_on(goal_id=goal.pk, percent=cents),
        lambda: saving_by_itself.turn_on(goal_id=goal.pk, step_cents=cents),
    ]
    for call in calls:
        with pytest.raises(InvalidAmount):
            call()
