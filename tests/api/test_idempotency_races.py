"""Duplicates that arrive together happen once and get one answer, on both engines."""

from functools import partial

import pytest

from ledger.models import Transaction
from tests.api.support.calls import MOVES, bearer, issue, order, path_of
from tests.books import assert_books_right, total_in_wallets
from tests.factories import UserFactory, balance, funded, send
from tests.ledger.support.crowd import run_together
from wallet.models import User

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 8


@pytest.mark.parametrize("move", MOVES)
def test_duplicates_move_money_once_and_get_one_answer(alice, bob, move):
    secret = issue(alice)
    before = total_in_wallets()
    for key in ("one", "two", "three"):

        def send(key=key):
            return bearer(secret).post(path_of(move), order(move, alice.pk, bob.pk), key)

        answers = run_together(*[send] * THREADS)
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.content for answer in answers}) == 1
        replayed = [answer.headers.get("Idempotency-Replayed") for answer in answers]
        assert sorted(replayed, key=str) == [None] + ["true"] * (THREADS - 1)
        assert Transaction.objects.filter(idempotency_key=key).count() == 1
    assert total_in_wallets() - before == {"deposit": 30_00, "withdraw": -30_00}.get(move, 0)
    assert_books_right()


def test_of_different_transfers_under_one_key_one_happens(alice, bob, carol):
    """The wallets differ, so no lock makes one wait for another: only the key decides."""
    secret = issue(UserFactory(), "service")
    for user in (bob, carol):
        funded(user, 100_00)
    people = [alice, bob, carol]

    def send(source, target):
        wanted = order("transfer", source.pk, target.pk, 1_00)
        return lambda: bearer(secret).post("/api/transfer", wanted, "one")

    recipients = UserFactory.create_batch(len(people))
    answers = run_together(*[send(*pair) for pair in zip(people, recipients, strict=True)])
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422]
    assert sum(balance(user) for user in recipients) == 1_00
    assert_books_right()


def test_transfers_under_different_keys_all_happen(alice, bob):
    secret = issue(alice)

    def send(key):
        wanted = order("transfer", alice.pk, bob.pk, 1_00)
        return lambda: bearer(secret).post("/api/transfer", wanted, key)

    answers = run_together(*[send(f"key-{each}") for each in range(THREADS)])
    assert [answer.status_code for answer in answers] == [201] * THREADS
    assert balance(bob) == THREADS * 1_00
    assert_books_right()


def test_a_balance_is_spent_only_once(bob):
    poor = funded(UserFactory(), 11_00)
    # A member token names someone by id only once its owner has paid them.
    send(poor, bob, 1_00)
    secret = issue(poor)

    def pay(move, key):
        return lambda: bearer(secret).post(path_of(move), order(move, poor.pk, bob.pk, 9_00), key)

    moves = ["transfer", "withdraw"] * (THREADS // 2)
    answers = run_together(*[pay(move, f"key-{place}") for place, move in enumerate(moves)])
    assert sorted(answer.status_code for answer in answers) == [201] + [400] * (THREADS - 1)
    assert balance(poor) == 1_00
    assert_books_right()


def test_an_email_and_phone_number_open_one_member(service):
    secret = service.headers["Authorization"].removeprefix("Bearer ")
    body = {"name": "Jane Wambui", "phone": "0712 900 001", "email": "jane@example.com"}
    answers = run_together(*[lambda: bearer(secret).post("/api/users", body)] * 4)
    assert sorted(answer.status_code for answer in answers) == [201, 400, 400, 400]


@pytest.mark.parametrize("contact", [{}, {"phone": "0712 900 001", "email": "jane@example.com"}])
def test_a_key_opens_one_member(service, contact):
    secret = service.headers["Authorization"].removeprefix("Bearer ")
    body = {"name": "Jane Wambui"} | contact
    answers = run_together(*[lambda: bearer(secret).post("/api/users", body, "one")] * THREADS)
    assert [answer.status_code for answer in answers] == [201] * THREADS
    assert len({answer.content for answer in answers}) == 1
    replayed = [answer.headers.get("Idempotency-Replayed") for answer in answers]
    assert sorted(replayed, key=str) == [None] + ["true"] * (THREADS - 1)
    assert User.objects.filter(name="Jane Wambui").count() == 1


def test_of_different_members_under_one_key_one_is_opened(service):
    secret = service.headers["Authorization"].removeprefix("Bearer ")
    names = [f"Jane {number}" for number in range(THREADS)]
    calls = [partial(bearer(secret).post, "/api/users", {"name": name}, "one") for name in names]
    answers = run_together(*calls)
    assert sorted(answer.status_code for answer in answers) == [201] + [422] * (THREADS - 1)
    assert User.objects.filter(name__startswith="Jane").count() == 1
