"""A part of each deposit and round-ups of payments are saved at most once, whatever crashes."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction

from ledger import operations
from ledger.leaving import data
from ledger.models import AutoSaved, AutoSaving, AutoSavingMark, Entry, Goal, Transaction
from ledger.savings import automatic
from nissmart import work
from tests.books import assert_books_right, nothing_moves
from tests.conftest import signed_in
from tests.factories import UserFactory, account_id, balance, deposit, funded, new_key, send
from tests.ledger.support import goals
from tests.ledger.support.crowd import in_thread, run_together
from tests.ledger.support.deaths import Died, act_at, points
from tests.ledger.support.goals import held, open_goal, save, take
from tests.ledger.support.later import end, waiting_deposit
from tests.ledger.test_crash import worth_dying_at
from tests.pages import elements, problems, text
from tests.tampering import violations, violations_after
from wallet import operations as wallet_operations
from wallet.context import SYSTEM, Context
from wallet.models import Message, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def goal(bob) -> Goal:
    return open_goal(bob)


def saved() -> list[tuple[int, str]]:
    return list(AutoSaved.objects.order_by("pk").values_list("wanted_cents", "missed"))


def test_a_part_of_each_deposit_is_saved_once_after_it_has_arrived(bob, alice, goal):
    deposit(bob, 100_00)
    automatic.turn_on(goal_id=goal.pk, percent=10)
    waiting = waiting_deposit(bob, 50_00)
    deposit(bob, 33_39)
    send(alice, bob, 20_00)
    assert (automatic.save_due(), held(goal)) == (1, 3_33)
    end(waiting, "SUCCESS")
    assert work.save_automatically in work.PAYMENT_JOBS
    assert (work.save_automatically(), held(goal)) == (1, 8_33)
    AutoSavingMark.objects.update(through_id=0)
    with nothing_moves():
        assert automatic.save_due() == 0
    made = AutoSaved.objects.latest("pk").made
    assert (made.type, made.description, made.created_by) == ("SAVE", "Part of a deposit", bob)
    assert_books_right()
    assert violations() == []


def test_payments_are_rounded_up(bob, alice, goal):
    deposit(bob, 500_00)
    automatic.turn_on(goal_id=goal.pk, step_cents=50_00)
    for cents in (130_00, 50_00, 49_99):
        send(bob, alice, cents)
    save(goal, 7_00)
    assert (automatic.save_due(), saved()) == (2, [(20_00, ""), (1, "")])
    assert (held(goal), balance(bob)) == (27_01, 500_00 - 229_99 - 27_01)


def test_a_payment_that_went_back_saves_nothing(bob, finance, goal):
    automatic.turn_on(goal_id=goal.pk, percent=50)
    paid = deposit(bob, 100_00)
    operations.reverse(Context(finance.pk, key=new_key()), transaction_id=paid.pk)
    assert (automatic.save_due(), saved()) == (0, [])


def test_a_rule_that_fails_stops_no_other_and_is_tried_again(bob, carol, goal, monkeypatch):
    other = open_goal(carol)
    for each in (goal, other):
        automatic.turn_on(goal_id=each.pk, percent=10)
    for member in (bob, carol):
        deposit(member, 100_00)
    really = AutoSaved.objects.create

    def fails_for_bob(**columns):
        if columns["rule"].goal == goal:
            raise ZeroDivisionError
        return really(**columns)

    with monkeypatch.context() as patch:
        patch.setattr(AutoSaved.objects, "create", fails_for_bob)
        for _turn in range(2):
            with pytest.raises(ExceptionGroup) as failures:
                automatic.save_due()
            [failure] = failures.value.exceptions
            assert failure.__notes__[0].startswith(f"rule {goal.auto_savings.get().pk}, ")
    assert (held(goal), held(other)) == (0, 10_00)
    assert (automatic.save_due(), held(goal)) == (1, 10_00)
    assert violations() == []


def test_it_is_skipped_without_charge_when_money_is_short_and_says_so_once(bob, alice, goal):
    automatic.turn_on(goal_id=goal.pk, percent=50)
    deposit(bob, 100_00)
    send(bob, alice, 60_00)
    with nothing_moves():
        automatic.save_due()
    deposit(bob, 40_00)
    wallet_operations.freeze(SYSTEM, account_id(bob))
    with nothing_moves():
        automatic.save_due()
    assert saved() == [(50_00, "short"), (20_00, "frozen")]
    AutoSavingMark.objects.update(through_id=0)
    automatic.save_due()
    sent = Message.objects.filter(user=bob, topic="saving_skipped")
    assert [one.facts["amount"] for one in sent.order_by("pk")] == [
        "KES\u00a050.00",
        "KES\u00a020.00",
    ]
    page = text(signed_in(bob).get(f"/savings/{goal.pk}/"))
    assert "without a charge. Your wallet is frozen." in page


def test_it_stops_at_the_target_and_goes_on_when_money_was_taken_out(bob):
    goal = open_goal(bob, target_cents=30_00)
    automatic.turn_on(goal_id=goal.pk, percent=20)
    for _each in range(3):
        deposit(bob, 100_00)
    assert (automatic.save_due(), saved()) == (2, [(20_00, ""), (10_00, "")])
    take(goal, 5_00)
    deposit(bob, 100_00)
    assert (automatic.save_due(), held(goal)) == (1, 30_00)


def test_what_comes_while_it_is_paused_or_before_it_is_on_is_not_saved(bob, goal):
    automatic.turn_on(goal_id=goal.pk, percent=10)
    automatic.pause(goal_id=goal.pk, kind="part")
    deposit(bob, 100_00)
    automatic.save_due()
    automatic.turn_on(goal_id=goal.pk, percent=20)
    automatic.save_due()
    deposit(bob, 200_00)
    automatic.turn_on(goal_id=goal.pk, percent=5)  # a change counts for what isn't done yet
    automatic.save_due()
    assert saved() == [(10_00, "")]
    deposit(bob, 100_00)
    automatic.pause(goal_id=goal.pk, kind="part")
    goals.close(goal)
    assert (automatic.save_due(), saved()) == (0, [(10_00, "")])
    [kept] = data.of(bob)["goals"]
    assert kept["automatic"][0]["percent"] == 5


def test_each_goal_and_each_member_has_their_own(bob, alice, goal):
    rent, theirs = open_goal(bob, "Rent"), open_goal(alice)
    automatic.turn_on(goal_id=goal.pk, percent=60)
    automatic.turn_on(goal_id=rent.pk, percent=30)
    automatic.turn_on(goal_id=theirs.pk, step_cents=100_00)
    deposit(bob, 100_00)
    send(bob, alice, 5_00)
    send(alice, bob, 1_00)
    automatic.save_due()
    assert (held(goal), held(rent), held(theirs), balance(bob)) == (60_00, 30_00, 99_00, 6_00)


def test_the_database_keeps_what_was_done_once(bob, goal):
    rule = automatic.turn_on(goal_id=goal.pk, percent=10)
    cause = deposit(bob, 100_00)
    automatic.save_due()
    done = AutoSaved.objects.get()
    once = {"rule": rule, "cause": cause, "wanted_cents": 1, "at": done.at, "missed": "short"}
    for wrong in (once, once | {"cause": done.made, "missed": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            AutoSaved.objects.create(**wrong)
    for change in ("UPDATE ledger_autosaved SET rule_id = 1", "DELETE FROM ledger_autosaved"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
    for wrong in ({"percent": 101}, {"percent": None}, {"step_cents": 1_00}):
        with pytest.raises(IntegrityError), transaction.atomic():
            AutoSaving.objects.filter(pk=rule.pk).update(**wrong)
    tamper = "UPDATE ledger_autosaved SET wanted_cents = 5"
    assert ("auto-saved", f"automatic saving {done.pk}") in violations_after(tamper)


@pytest.mark.any_engine
def test_a_member_turns_it_on_changes_and_pauses_it_on_pages(bob, goal):
    client = signed_in(bob)
    page = f"/savings/{goal.pk}/"
    assert "Part of money you add Off" in text(client.get(page))
    for kind, value, words in (
        ("part", "20", "20% of each deposit"),
        ("round", "10000", "Up to the next KES 100.00"),
    ):
        answer = client.post(f"{page}{kind}/", {"how_much": "7"})
        assert (answer.status_code, len(problems(answer))) == (422, 1)
        client.post(f"{page}{kind}/", {"how_much": value})
        assert words in text(client.get(page))
        [chosen] = elements(client.get(f"{page}{kind}/"), "input", value=value)
        assert "checked" in dict(chosen.attributes)
        client.post(f"{page}{kind}/", {"pause": "1"})
        assert "Paused" in text(client.get(page))
    stranger = signed_in(UserFactory())
    for kind in ("part", "round"):
        assert stranger.get(f"{page}{kind}/").status_code == 404
        assert stranger.post(f"{page}{kind}/", {"pause": "1"}).status_code == 404
    goals.close(goal)
    assert client.get(f"{page}part/").status_code == 303
    assert "Automatic saving" not in text(client.get(page))


@pytest.fixture
def saver(db) -> User:
    return funded(UserFactory(), 100_00)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_workers_and_one_that_dies_anywhere_save_once(saver):
    goal = open_goal(saver)
    automatic.turn_on(goal_id=goal.pk, percent=10)
    deposit(saver, 100_00)
    run_together(*[automatic.save_due] * 3)
    assert (held(goal), AutoSaved.objects.count()) == (10_00, 1)

    def die() -> None:
        connection._rollback()
        raise Died

    deposit(saver, 100_00)
    names = points(automatic.save_due)
    for number, name in worth_dying_at(names):
        before = held(goal)
        deposit(saver, 100_00)
        with pytest.raises(Died):
            in_thread(partial(act_at, number, die, automatic.save_due))
        automatic.save_due()
        assert held(goal) == before + 10_00, f"died at {name}"
    causes = Transaction.objects.filter(type="DEPOSIT", to_account__user=saver)
    assert AutoSaved.objects.count() == causes.count() - 1
    assert Entry.objects.latest("pk").pk >= AutoSavingMark.objects.get().through_id
    assert_books_right()
    assert violations() == []
