"""A caller who repeats a call with the same key gets the same answer, and money moves once."""

from itertools import permutations

import pytest

from ledger.models import Transaction
from tests.api.support.calls import (
    MOVES,
    UNKNOWN_ID,
    by_session,
    by_token,
    order,
    path_of,
    problem_of,
)
from tests.books import assert_books_right, nothing_moves
from tests.factories import account_id, balance, deposit, funded
from wallet import operations as wallet_operations
from wallet.api import tokens
from wallet.context import SYSTEM
from wallet.models import ApiToken, User

pytestmark = pytest.mark.django_db

every_move = pytest.mark.parametrize("move", MOVES)
REPLAYED = "Idempotency-Replayed"


@pytest.fixture
def sends(alice, bob):
    """Posts a deposit, transfer or withdrawal of Alice's, by default under the key "one"."""

    def sends(caller, move, amount_cents=10_00, key="one", **more):
        return caller.post(path_of(move), order(move, alice.pk, bob.pk, amount_cents, **more), key)

    return sends


@every_move
def test_a_retry_gets_the_same_answer_and_moves_nothing(sends, alices, move):
    first = sends(alices, move, description="Lunch")
    assert first.status_code == 201
    assert REPLAYED not in first.headers
    for _again in range(3):
        with nothing_moves():
            again = sends(alices, move, description="Lunch")
        assert again.status_code == 201
        assert again.headers[REPLAYED] == "true"
        assert again.content == first.content
    assert_books_right()


@every_move
def test_a_retry_may_write_the_same_fields_differently(alices, alice, bob, move):
    wanted = order(move, alice.pk, bob.pk)
    first = alices.post(path_of(move), wanted, "one")
    other_way_round = dict(reversed(wanted.items())) | {"description": ""}
    with nothing_moves():
        again = alices.post(path_of(move), other_way_round, "one")
    assert again.headers[REPLAYED] == "true"
    assert again.content == first.content


@every_move
@pytest.mark.parametrize("other", [{"amount_cents": 10_01}, {"description": "Dinner"}])
def test_refuses_the_key_with_another_amount_or_description(sends, alices, move, other):
    first = sends(alices, move)
    with nothing_moves():
        body = problem_of(sends(alices, move, **other), 422, "idempotency_key_reused")
    assert first.json()["reference"] in body["detail"]
    with nothing_moves():
        assert sends(alices, move).headers[REPLAYED] == "true"


@pytest.mark.parametrize(("first", "second"), list(permutations(MOVES, 2)))
def test_refuses_the_key_at_another_endpoint(sends, alices, first, second):
    sends(alices, first)
    with nothing_moves():
        problem_of(sends(alices, second), 422, "idempotency_key_reused")


@every_move
def test_refuses_the_key_for_another_member(service, alice, bob, carol, move):
    deposit(carol, 100_00)
    service.post(path_of(move), order(move, alice.pk, bob.pk), "one")
    with nothing_moves():
        response = service.post(path_of(move), order(move, carol.pk, bob.pk), "one")
    problem_of(response, 422, "idempotency_key_reused")


def test_refuses_the_key_for_another_recipient(service, alice, bob, carol):
    service.post("/api/transfer", order("transfer", alice.pk, bob.pk), "one")
    with nothing_moves():
        response = service.post("/api/transfer", order("transfer", alice.pk, carol.pk), "one")
    problem_of(response, 422, "idempotency_key_reused")


@every_move
def test_each_call_without_a_key_is_a_new_transaction(sends, alices, move):
    references = {sends(alices, move, key=None).json()["reference"] for _ in range(3)}
    assert len(references) == 3
    assert_books_right()


@every_move
@pytest.mark.parametrize("key", ["k", "K", "~" * 255, "!", "'; DROP TABLE ledger_entry;--", "%s"])
def test_a_key_may_be_any_visible_ascii_and_case_matters(sends, alices, move, key):
    key = key.replace(" ", "_")
    reference = sends(alices, move, key=key).json()["reference"]
    assert sends(alices, move, key=key).json()["reference"] == reference
    assert sends(alices, move, key=f"x{key}"[:255]).json()["reference"] != reference
    assert Transaction.objects.get(reference=reference).idempotency_key == key


# --- Whose key it is ----------------------------------------------------------------------------


def test_all_tokens_and_sessions_of_a_member_share_their_keys(sends, alice):
    first = sends(by_token(alice), "deposit")
    for other_way_in in (by_token(alice), by_session(alice)):
        with nothing_moves():
            assert sends(other_way_in, "deposit").content == first.content


@every_move
def test_two_members_do_not_share_keys(sends, alices, service, move):
    answers = [sends(caller, move) for caller in (alices, service)]
    assert [REPLAYED in answer.headers for answer in answers] == [False, False]
    assert len({answer.json()["reference"] for answer in answers}) == 2
    assert_books_right()


def test_a_new_token_finds_the_keys_of_a_revoked_one(sends, alice):
    first = sends(by_token(alice), "withdraw")
    tokens.revoke(ApiToken.objects.get().pk)
    with nothing_moves():
        assert sends(by_token(alice), "withdraw").content == first.content


# --- Refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("move", ["transfer", "withdraw"])
def test_a_key_does_not_keep_a_refusal(sends, alices, alice, move):
    problem_of(sends(alices, move, 1_500_00), 400, "insufficient_balance")
    deposit(alice, 500_00)
    again = sends(alices, move, 1_500_00)
    assert again.status_code == 201
    assert REPLAYED not in again.headers
    assert balance(alice) == 0


@every_move
def test_a_refused_key_may_be_used_for_another_call(sends, alices, move):
    problem_of(sends(alices, move, 300_000_00), 400, "limit_exceeded")
    sends(alices, move, "nonsense")
    assert sends(alices, move, 5_00).status_code == 201


def test_no_kind_of_refusal_uses_up_a_key(sends, alices, alice, bob, carol):
    refusals = [
        alices.post("/api/transfer", order("transfer", alice.pk, alice.pk), "one"),
        alices.post("/api/transfer", order("transfer", alice.pk, UNKNOWN_ID), "one"),
        alices.post("/api/transfer", order("transfer", carol.pk, bob.pk), "one"),
        alices.post_text("/api/transfer", "{", "one"),
        alices.post_text("/api/transfer", "{}", "one", content_type="text/plain"),
    ]
    assert [refusal.status_code for refusal in refusals] == [400, 404, 404, 400, 415]
    assert REPLAYED not in sends(alices, "transfer").headers


@every_move
def test_a_retry_is_replayed_even_if_a_new_call_would_be_refused(
    sends, service, alice, move, settings
):
    first = sends(service, move)
    wallet_operations.freeze(SYSTEM, account_id(alice))
    settings.LIMIT_CENTS_OUT_PER_DAY = settings.LIMIT_CENTS_BALANCE = 1
    User.objects.filter(pk=alice.pk).update(is_active=False)
    with nothing_moves():
        assert sends(service, move).content == first.content


def test_no_answer_contains_a_key(sends, alices, bobs, finance_api, alice):
    reference = sends(alices, "transfer", key="my-secret-order-key").json()["reference"]
    for caller in (alices, bobs, finance_api):
        for path in (f"/api/transaction/{reference}", "/api/admin/activity"):
            assert "my-secret-order-key" not in caller.get(path).text


def test_two_members_may_use_the_same_key_for_transfers_to_each_other(alices, bobs, alice, bob):
    funded(bob, 50_00)
    alices.post("/api/transfer", order("transfer", alice.pk, bob.pk), "one")
    response = bobs.post("/api/transfer", order("transfer", bob.pk, alice.pk), "one")
    assert response.status_code == 201
    assert REPLAYED not in response.headers
    assert_books_right()
