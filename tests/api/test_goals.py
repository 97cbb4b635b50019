"""Savings goals in the API."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.querysets import nairobi_day
from tests.api.support.calls import by_token
from tests.books import nothing_moves
from tests.factories import balance
from tests.ledger.support.goals import close, open_goal, saving

pytestmark = pytest.mark.django_db


def test_a_program_opens_a_goal_once_and_moves_money_in_and_out(alice):
    api = by_token(alice)
    by = (nairobi_day() + timedelta(days=14)).isoformat()
    body = {"user_id": alice.pk, "name": " School fees ", "picture": "cap"}
    body |= {"target_cents": 500_00, "target_date": by}
    answer = api.post("/api/goals", body, key="one")
    made = answer.json()
    assert (answer.status_code, made["name"], made["weekly_cents"]) == (201, "School fees", 250_00)
    again = api.post("/api/goals", body, key="one")
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (made, "true")
    reused = api.post("/api/goals", body | {"name": "Rent"}, key="one")
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
    there = f"/api/goals/{made['id']}"
    added = api.post(f"{there}/add", {"amount_cents": 300_00}, key="two")
    moved = added.json()
    assert (added.status_code, moved["type"], moved["status"]) == (201, "SAVE", "SUCCESS")
    assert moved["from_user_id"] == moved["to_user_id"] == alice.pk
    assert (moved["to_account_id"], moved["description"]) == (made["id"], "")
    with nothing_moves():
        again = api.post(f"{there}/add", {"amount_cents": 300_00}, key="two")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert api.post(f"{there}/take", {"amount_cents": 100_00}).json()["type"] == "TAKE"
    assert api.get(f"/api/transaction/{moved['reference']}").json() == moved
    [item] = api.get(f"/api/goals/{alice.pk}").json()["items"]
    assert item == made | {"balance_cents": 200_00, "weekly_cents": 150_00}
    available = api.get(f"/api/balance/{alice.pk}").json()["balance_cents"]
    assert available == balance(alice) == 800_00
    short = api.post(f"{there}/take", {"amount_cents": 200_01})
    assert (short.status_code, short.json()["code"]) == (400, "insufficient_balance")


def test_goals_of_others_are_404(alice, bob, finance):
    goal = saving(alice, 100_00)
    for api in (by_token(bob), by_token(finance, "finance")):
        for way in ("add", "take"):
            with nothing_moves():
                answer = api.post(f"/api/goals/{goal.pk}/{way}", {"amount_cents": 1})
            assert answer.status_code in {403, 404}
        body = {"user_id": alice.pk, "name": "Rent"}
        assert api.post("/api/goals", body).status_code in {403, 404}
    assert by_token(bob).get(f"/api/goals/{alice.pk}").status_code == 404
    assert len(by_token(finance, "finance").get(f"/api/goals/{alice.pk}").json()["items"]) == 1


def test_a_service_saves_for_a_member(alice, bob):
    goal = open_goal(alice)
    api = by_token(bob, "service")
    answer = api.post(f"/api/goals/{goal.pk}/add", {"amount_cents": 50_00}, key="one")
    assert answer.status_code == 201
    assert api.post("/api/goals", {"user_id": alice.pk, "name": "Rent"}).status_code == 201
    assert api.post("/api/goals", {"user_id": 999_999, "name": "Rent"}).status_code == 404
    wallet_id = alice.primary_account().pk
    for no_goal in (999_999, wallet_id):
        answer = api.post(f"/api/goals/{no_goal}/add", {"amount_cents": 1})
        assert answer.status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 41},
        {"picture": "cat"},
        {"target_cents": 0},
        {"target_date": "2020-01-01"},
        {"target_date": "soon"},
        {"colour": "red"},
    ],
)
def test_a_wrong_goal_is_refused(alice, wrong):
    body = {"user_id": alice.pk, "name": "Rent"} | wrong
    answer = by_token(alice).post("/api/goals", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    [problem] = answer.json()["errors"]
    assert problem["field"] == next(iter(wrong))


def test_a_closed_goal_is_in_no_list_and_takes_nothing(alice):
    goal = saving(alice, 1_00)
    close(goal)
    api = by_token(alice)
    assert api.get(f"/api/goals/{alice.pk}").json() == {"items": []}
    answer = api.post(f"/api/goals/{goal.pk}/add", {"amount_cents": 1})
    assert (answer.status_code, answer.json()["code"]) == (400, "goal_closed")
