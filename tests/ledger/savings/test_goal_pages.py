"""The pages of savings goals, with and without JavaScript."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from ledger.leaving import data
from ledger.leaving import operations as leaving
from ledger.models import Goal, IssuedReceipt, IssuedStatement, Transaction
from ledger.querysets import nairobi_day
from tests.api.support.calls import Api, issue
from tests.books import nothing_moves
from tests.conftest import signed_in
from tests.factories import account_id, balance, deposit, new_key, withdraw
from tests.ledger.support import goals
from tests.ledger.support.goals import held, open_goal, save, saving
from tests.pages import (
    elements,
    fields,
    htmx,
    is_part,
    problems,
    problems_beside,
    text,
    title,
    words,
)
from wallet.context import Context

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]


def plan(**more: str) -> dict[str, str]:
    form = {"picture": "cap", "name": "School fees", "target": "", "by": ""}
    return form | {"idempotency_key": new_key()} | more


def test_a_first_visit_invites_to_save_for_something(as_alice):
    page = as_alice.get("/savings/")
    assert "School fees, rent, a phone" in text(page)
    assert elements(page, "a", href="/savings/new/")


def test_a_member_starts_a_goal_once_however_often_they_click(as_alice, alice):
    by = (nairobi_day() + timedelta(days=70)).isoformat()
    form = plan(target="15,000", by=by)
    answers = [as_alice.post("/savings/new/", form) for _click in range(2)]
    goal = Goal.objects.of_member(alice.pk).get()
    assert {answer.headers["Location"] for answer in answers} == {f"/savings/{goal.pk}/"}
    assert (goal.name, goal.target_cents, goal.picture) == ("School fees", 15_000_00, "cap")
    page = text(as_alice.get(f"/savings/{goal.pk}/"))
    for said in ("0% there.", "Save KES 1,500.00 a week to make it.", "of KES 15,000.00 by"):
        assert said in page


def test_the_form_opens_a_second_goal_after_the_back_button(as_alice, alice):
    first = plan(name="Rent")
    as_alice.post("/savings/new/", first)
    page = as_alice.post("/savings/new/", first | {"name": "A bike"})
    assert page.status_code == 422
    assert "This form has opened a goal already." in text(page)
    again = fields(page)
    assert again["name"] == "A bike"
    assert as_alice.post("/savings/new/", again).status_code == 303
    assert Goal.objects.count() == 2


def test_a_goal_that_is_filled_in_wrong_keeps_what_was_typed(as_alice, alice):
    yesterday = (nairobi_day() - timedelta(days=1)).isoformat()
    form = plan(name="", target="many", by=yesterday, picture="cat")
    page = as_alice.post("/savings/new/", form, headers=htmx("plan"))
    assert (page.status_code, is_part(page, "plan")) == (422, True)
    assert len(problems(page)) == 4
    assert problems_beside(page, "by") == ["Choose a day after today."]
    kept = fields(page)
    assert (kept["target"], kept["by"]) == ("many", yesterday)
    assert kept["idempotency_key"] == form["idempotency_key"]
    assert not Goal.objects.exists()


def test_a_member_adds_takes_out_and_moves_money(as_alice, alice):
    school, rent = open_goal(alice), open_goal(alice, "Rent <b>")
    asked = {"amount": "300", "idempotency_key": new_key()}
    for _click in range(2):
        answer = as_alice.post(f"/savings/{school.pk}/add/", asked)
        assert answer.headers["Location"] == f"/savings/{school.pk}/"
    assert (balance(alice), held(school)) == (700_00, 300_00)
    assert "KES 300.00 added to School fees." in text(as_alice.get(f"/savings/{school.pk}/"))
    moved = {"amount": "100", "to": str(rent.pk), "idempotency_key": new_key()}
    as_alice.post(f"/savings/{school.pk}/move/", moved, headers=htmx("move"))
    taken = {"amount": "40", "idempotency_key": new_key()}
    as_alice.post(f"/savings/{rent.pk}/take/", taken)
    assert (balance(alice), held(school), held(rent)) == (740_00, 200_00, 60_00)
    page = text(as_alice.get(f"/savings/{rent.pk}/"))
    for said in ("Taken out", "−KES 40.00", "From School fees", "+KES 100.00"):
        assert said in page
    activity = text(as_alice.get("/activity/"))
    assert "To School fees" in activity
    assert "From Rent <b>" in activity
    assert "To School fees" in text(as_alice.get("/activity/", {"q": "school"}))
    home = text(as_alice.get("/"))
    assert "KES 740.00" in home
    assert "Saved in goals KES 260.00" in home


def test_a_refused_move_keeps_what_was_typed(as_alice, alice):
    goal = saving(alice, 100_00)
    asked = {"amount": "100.01", "idempotency_key": new_key()}
    with nothing_moves():
        page = as_alice.post(f"/savings/{goal.pk}/take/", asked)
    assert page.status_code == 422
    assert title(page).startswith("Error:")
    assert problems(page) == ["This goal has KES 100.00. Enter that or less."]
    kept = fields(page)
    assert (kept["amount"], kept["idempotency_key"]) == ("100.01", asked["idempotency_key"])


@pytest.mark.parametrize("kind", ["SAVE", "TAKE", "MOVE"])
def test_a_receipt_names_the_goal(as_alice, alice, kind):
    goal = saving(alice, 100_00)
    if kind == "TAKE":
        goals.take(goal, 100_00)
    if kind == "MOVE":
        goals.move(goal, open_goal(alice, "Rent"), 100_00)
    record = Transaction.objects.get(type=kind)
    page = as_alice.get(f"/activity/{record.reference}/")
    said = {
        "SAVE": (
            "Added to School fees",
            "To School fees",
            "−KES 100.00",
            "Balance after KES 900.00",
        ),
        "TAKE": ("Taken out of School fees", "+KES 100.00", "Balance after KES 1,000.00"),
        "MOVE": ("Moved to Rent", "−KES 100.00", "Balance after KES 0.00"),
    }
    assert all(each in text(page) for each in said[kind])
    issued = IssuedReceipt.objects.get(transaction=record)
    assert "School" not in issued.from_name + issued.to_name


def test_a_statement_names_the_goal_and_adds_up(as_alice, alice):
    goal = saving(alice, 300_00)
    goals.take(goal, 50_00)
    page = text(as_alice.get("/statement/"))
    for said in ("To School fees", "From School fees", "750.00"):
        assert said in page
    assert "Alice" not in page.partition("To School fees")[2].partition("From School fees")[0]


def test_a_goal_has_statements_too_and_anyone_can_check_one(as_alice, alice):
    goal, other = saving(alice, 300_00, "Mkokoteni <3"), open_goal(alice, "Rent")
    goals.move(goal, other, 50_00)
    goals.take(goal, 100_00)
    page = f"/statement/?account={goal.pk}"
    said = text(as_alice.get(page))
    for part in ("Mkokoteni <3", "Added", "300.00", "To Rent", "−50.00", "Taken out", "KES 150.00"):
        assert part in said
    [link] = [each for each in elements(as_alice.get(page), "a") if "PDF" in words(each)]
    file = as_alice.get("/statement/" + dict(link.attributes)["href"])
    assert f"statement-goal-{goal.pk}-" in file.headers["Content-Disposition"]
    sheet = as_alice.get(page + "&format=csv").getvalue().decode()
    assert "Taken out" in sheet
    checked = text(Client().get(f"/verify/{IssuedStatement.objects.get().code}/"))
    assert f"Savings of {alice.short_name}" in checked
    assert "Mkokoteni" not in checked
    api = Api({"Authorization": f"Bearer {issue(alice)}"})
    path = f"/api/statement/{alice.pk}"
    found = api.get(path, account_id=goal.pk).json()
    assert (found["account_id"], found["closing_cents"]) == (goal.pk, 150_00)
    assert (found["in_cents"], found["out_cents"]) == (300_00, 150_00)
    assert api.get(path).json()["closing_cents"] == 800_00


def test_accounts_of_others_have_no_statement_to_show(as_alice, alice, bob):
    theirs = open_goal(bob)
    for asked in (theirs.pk, account_id(bob), -1, "x", 10**30):
        assert as_alice.get(f"/statement/?account={asked}").status_code == 404
    api = Api({"Authorization": f"Bearer {issue(alice)}"})
    assert api.get(f"/api/statement/{alice.pk}", account_id=theirs.pk).status_code == 404


def test_a_member_changes_and_closes_a_goal(as_alice, alice):
    goal = saving(alice, 250_00)
    as_alice.post(f"/savings/{goal.pk}/edit/", plan(name="Rent", picture="home"))
    assert goals.now(goal).name == "Rent"
    assert "KES 250.00 returns to your wallet" in text(as_alice.get(f"/savings/{goal.pk}/close/"))
    answer = as_alice.post(f"/savings/{goal.pk}/close/")
    assert answer.headers["Location"] == "/savings/"
    page = text(as_alice.get("/savings/"))
    assert "Rent is closed. KES 250.00 is back in your wallet." in page
    assert "Closed goals Rent" in page
    with nothing_moves():
        assert as_alice.post(f"/savings/{goal.pk}/close/").status_code == 303
        asked = {"amount": "1", "idempotency_key": new_key()}
        assert as_alice.post(f"/savings/{goal.pk}/add/", asked).status_code == 422
    assert "You closed this goal on" in text(as_alice.get(f"/savings/{goal.pk}/"))


def test_strangers_get_404(alice, bob):
    goal, other = saving(alice, 100_00), open_goal(alice, "Rent")
    stranger = signed_in(bob)
    for page in ("", "edit/", "add/", "take/", "move/", "close/"):
        url = f"/savings/{goal.pk}/{page}"
        assert stranger.get(url).status_code == 404
        asked = {"amount": "1", "to": str(other.pk), "idempotency_key": new_key()}
        with nothing_moves():
            assert stranger.post(url, asked).status_code == (404 if page else 405)
        assert Client().get(url).status_code == 302
    mine = saving_of(bob)
    # Another member's goal is no choice on one's own page either.
    open_goal(bob, "Rent")
    with nothing_moves():
        answer = stranger.post(
            f"/savings/{mine.pk}/move/",
            {"amount": "1", "to": str(other.pk), "idempotency_key": new_key()},
        )
    assert answer.status_code == 422


def saving_of(user):
    deposit(user, 10_00)
    return saving(user, 10_00)


def test_a_hidden_balance_shows_no_amount_of_a_goal(as_alice, alice):
    goal = saving(alice, 333_00, target_cents=777_00)
    as_alice.cookies["balance"] = "hidden"
    pages = ("/", "/savings/", f"/savings/{goal.pk}/add/", f"/savings/{goal.pk}/close/")
    for page in pages:
        said = text(as_alice.get(page)).replace("−KES 333.00", "")
        assert "333.00" not in said
    detail = text(as_alice.get(f"/savings/{goal.pk}/"))
    assert "42%" not in detail
    assert "444.00" not in detail
    for page in ("add", "take"):
        order = {"amount": "9000", "idempotency_key": new_key()}
        refused = text(as_alice.post(f"/savings/{goal.pk}/{page}/", order))
        assert "There isn't enough for that. Enter less." in refused
        assert not {"667.00", "333.00"} & set(refused.split())


def test_closing_the_account_waits_for_empty_goals_and_forgets_their_names(alice):
    goal = saving(alice, 1_000_00)
    with pytest.raises(leaving.StillInUse, match="Your goals still have"):
        leaving.close(Context(alice.pk), alice.pk)
    [exported] = data.of(alice)["goals"]
    assert (exported["name"], exported["balance_cents"]) == ("School fees", 1_000_00)
    goals.take(goal, 1_000_00)
    withdraw(alice, 1_000_00)
    leaving.close(Context(alice.pk), alice.pk)
    left = goals.now(goal)
    assert (left.name, left.is_closed) == ("Closed goal", True)


def test_a_history_has_pages(as_alice, alice, settings):
    settings.PAGE_SIZE = 2
    goal = open_goal(alice)
    for cents in (1_00, 2_00, 3_00):
        save(goal, cents)
    first = as_alice.get(f"/savings/{goal.pk}/")
    [older] = [one for one in elements(first, "a") if dict(one.attributes)["href"].startswith("?")]
    second = as_alice.get(f"/savings/{goal.pk}/{dict(older.attributes)['href']}")
    assert "+KES 1.00" in text(second)
    assert "+KES 3.00" not in text(second)
