"""Scheduled payments, and saving by itself, in the API."""

from __future__ import annotations

import pytest

from ledger.models import Schedule, Transaction
from ledger.schedules import runs as worker
from tests.api.support.calls import by_session, by_token
from tests.books import nothing_moves
from tests.factories import UserFactory
from tests.ledger.support.goals import close, open_goal, saving
from tests.ledger.support.scheduled import MONDAY, TODAY, at, schedule

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(at(TODAY), tick=False)


def test_a_program_schedules_a_payment_once_and_reads_what_became_of_it(alice, bob, time_machine):
    api = by_token(alice)
    body = {"from_user_id": alice.pk, "to": bob.email, "amount_cents": 100_00, "every": "week"}
    body |= {"day": 1, "description": "Rent"}
    first = api.post("/api/schedules", body, key="one")
    made = first.json()
    assert first.status_code == 201, made
    assert (made["to_user_id"], made["state"]) == (bob.pk, "active")
    assert (made["next_on"], made["last_run"]) == (MONDAY.isoformat(), None)
    again = api.post("/api/schedules", body, key="one")
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (made, "true")
    other = api.post("/api/schedules", body | {"amount_cents": 1}, key="one")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    there = f"/api/schedules/{made['id']}"
    changed = api.post(f"{there}/change", {"amount_cents": 50_00, "every": "month", "day": 30})
    assert (changed.json()["amount_cents"], changed.json()["day"]) == (50_00, 30)
    # A key finds what it made, in its current state.
    assert api.post("/api/schedules", body, key="one").json() == changed.json()
    assert api.post(f"{there}/pause", {}).json()["state"] == "paused"
    assert api.post(f"{there}/resume", {}).json()["state"] == "active"
    time_machine.move_to(at(MONDAY), tick=False)
    worker.run_due()
    paid = Transaction.objects.latest("pk")
    [item] = api.get(f"/api/schedules/{alice.pk}").json()["items"]
    assert item["last_run"] == {
        "due_on": MONDAY.isoformat(),
        "state": "done",
        "amount_cents": 50_00,
        "reference": paid.reference,
        "missed": None,
    }
    for _twice in range(2):
        ended = api.post(f"{there}/cancel", {}).json()
        assert (ended["state"], ended["ended_because"], ended["next_on"]) == (
            "ended",
            "member",
            None,
        )
    refused = api.post(f"{there}/pause", {})
    assert (refused.status_code, refused.json()["code"]) == (400, "schedule_ended")
    assert len(api.get(f"/api/schedules/{alice.pk}").json()["items"]) == 1


def test_a_session_schedules_nothing_and_may_stop_what_is_scheduled(alice, bob):
    one, api = schedule(alice, bob), by_session(alice)
    body = {"amount_cents": 1_00, "every": "week", "day": 1}
    payee = {"from_user_id": alice.pk, "to_user_id": bob.pk}
    for path, sent in (("", body | payee), (f"/{one.pk}/change", body)):
        answer = api.post(f"/api/schedules{path}", sent)
        assert (answer.status_code, answer.json()["code"]) == (403, "pin_needed")
    assert api.post(f"/api/schedules/{one.pk}/cancel", {}).status_code == 200


def test_a_stranger_without_money_learns_nothing_from_scheduling(bob):
    """As with a payment: who can't pay hears the same, member or not."""
    poor = UserFactory()
    api = by_token(poor)
    body = {"from_user_id": poor.pk, "amount_cents": 5_00, "every": "week", "day": 1}
    answers = [api.post("/api/schedules", body | {"to": to}) for to in (bob.phone, "0799 999 999")]
    assert {answer.json()["code"] for answer in answers} == {"insufficient_balance"}
    by_id = api.post("/api/schedules", body | {"to_user_id": bob.pk})
    assert by_id.status_code == 404
    assert not Schedule.objects.exists()


@pytest.mark.parametrize(
    ("days", "field"),
    [
        ({"every": "week"}, "day"),
        ({"every": "week", "day": 8}, "day"),
        ({"every": "month", "day": 32}, "day"),
        ({"every": "month", "day": 1, "on": "2026-12-01"}, "day"),
        ({"every": "once", "day": 1}, "day"),
        ({"every": "once", "on": "2036-12-01"}, "on"),
        ({"every": "year", "day": 1}, "every"),
    ],
)
def test_wrong_days_are_refused(service, alice, bob, days, field):
    body = {"from_user_id": alice.pk, "to_user_id": bob.pk, "amount_cents": 1_00}
    answer = service.post("/api/schedules", body | days)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    past = service.post("/api/schedules", body | {"every": "once", "on": "2026-11-28"})
    assert (past.status_code, past.json()["code"]) == (400, "no_day_left")


def test_a_program_lets_a_goal_save_by_itself(alice):
    goal, api = saving(alice, 10_00, target_cents=500_00), by_token(alice)
    there = f"/api/goals/{goal.pk}/automatic"
    nothing = {"goal_id": goal.pk, "part": None, "round": None, "schedule": None}
    assert api.get(there).json() == nothing
    assert api.post(there, {"percent": 10}).json()["part"] == {"percent": 10, "is_paused": False}
    now = api.post(there, {"step_cents": 50_00, "day": None}).json()
    assert now["round"] == {"step_cents": 50_00, "is_paused": False}
    paused = api.post(f"{there}/pause", {"kind": "part"}).json()
    assert (paused["part"]["is_paused"], paused["round"]["is_paused"]) == (True, False)
    assert not api.post(there, {"percent": 20}).json()["part"]["is_paused"]
    saves = api.post(there, {"amount_cents": 20_00, "every": "week", "day": 1}).json()["schedule"]
    assert (saves["goal_id"], saves["to_user_id"]) == (goal.pk, None)
    on_fridays = api.post(there, {"amount_cents": 30_00, "every": "week", "day": 5}).json()
    assert (on_fridays["schedule"]["id"], on_fridays["schedule"]["day"]) == (saves["id"], 5)
    assert api.post(f"/api/schedules/{saves['id']}/pause", {}).json()["state"] == "paused"
    assert api.get(f"/api/schedules/{alice.pk}").json() == {"items": []}
    payment = {"amount_cents": 1_00, "every": "week", "day": 1}
    assert api.post(f"/api/schedules/{saves['id']}/change", payment).status_code == 404
    for wrong in ({}, {"percent": 1, "step_cents": 1}, {"amount_cents": 1}, {"percent": 101}):
        answer = api.post(there, wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request"), wrong


def test_a_goal_that_is_closed_or_full_saves_no_more(alice):
    api, on_mondays = by_token(alice), {"amount_cents": 1_00, "every": "week", "day": 1}
    full, closed = saving(alice, 10_00, target_cents=10_00), open_goal(alice)
    close(closed)
    for goal, body, code in (
        (full, on_mondays, "goal_reached"),
        (closed, on_mondays, "goal_closed"),
        (closed, {"percent": 10}, "goal_closed"),
    ):
        with nothing_moves():
            answer = api.post(f"/api/goals/{goal.pk}/automatic", body)
        assert (answer.status_code, answer.json()["code"]) == (400, code)
