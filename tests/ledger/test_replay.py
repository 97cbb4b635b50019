"""A key names one order of one member, for ever: asking again moves nothing."""

from itertools import permutations

import pytest

from ledger.errors import InsufficientFunds, KeyReused
from ledger.models import Transaction
from tests.books import assert_books_right, nothing_moves
from tests.factories import account_id, balance, deposit, send, withdraw
from tests.ledger.support.moves import MOVES, ORDERS, asked, call, carry_out
from wallet import operations as wallet_operations
from wallet.context import SYSTEM

pytestmark = pytest.mark.django_db

every_move = pytest.mark.parametrize("move", MOVES)
every_order = pytest.mark.parametrize("move", ORDERS)


@every_order
def test_the_same_order_again_answers_with_the_first(alice, bob, move):
    first = carry_out(move, alice, bob, key="one", description="Lunch")
    with nothing_moves():
        again = carry_out(move, alice, bob, key="one", description="Lunch")
    assert (first.is_replay, again.is_replay) == (False, True)
    assert again == first
    for name in ("reference", "amount_cents", "status", "created_at", "settled_at"):
        assert getattr(again, name) == getattr(first, name)


@every_order
@pytest.mark.parametrize("other", [{"amount_cents": 100_01}, {"description": "Dinner"}])
def test_another_order_is_refused_and_names_the_first(alice, bob, move, other):
    first = carry_out(move, alice, bob, key="one", description="Lunch")
    asked = {"key": "one", "description": "Lunch"} | other
    with nothing_moves(), pytest.raises(KeyReused) as refusal:
        carry_out(move, alice, bob, **asked)
    assert refusal.value.code == "idempotency_key_reused"
    assert first.reference in str(refusal.value)


@every_order
def test_another_account_is_another_order(alice, bob, carol, move):
    deposit(carol, 500_00)
    carry_out(move, alice, bob, key="one")
    with nothing_moves(), pytest.raises(KeyReused):
        carry_out(move, carol, bob, key="one", actor_id=alice.pk)


@pytest.mark.parametrize(("move", "second"), list(permutations(MOVES, 2)))
def test_another_operation_is_another_order(alice, bob, move, second):
    carry_out(move, alice, bob, key="one")
    asks = asked(second, alice, bob, key="one")
    with nothing_moves(), pytest.raises(KeyReused):
        call(second, asks)


def test_another_target_is_another_order(alice, bob, carol):
    send(alice, bob, 100_00, key="one")
    with nothing_moves(), pytest.raises(KeyReused):
        send(alice, carol, 100_00, key="one")


@every_move
def test_another_members_same_key_is_their_own(alice, bob, carol, move):
    deposit(carol, 500_00)
    first = carry_out(move, alice, bob, key="one")
    second = carry_out(move, carol, bob, key="one")
    assert not second.is_replay
    assert first != second
    assert_books_right()


@every_move
def test_without_a_key_each_order_is_new(alice, bob, move):
    first, second = (carry_out(move, alice, bob, key=None) for _ in range(2))
    assert first != second
    assert not second.is_replay
    assert Transaction.objects.filter(idempotency_key=None, type=first.type).count() == 2
    assert_books_right()


@every_order
@pytest.mark.parametrize("key", ["k", "~" * 255, "'; DROP TABLE ledger_entry; --", "%s", "K", ""])
def test_any_text_is_a_key_and_case_matters(alice, bob, move, key):
    record = carry_out(move, alice, bob, key=key)
    assert carry_out(move, alice, bob, key=key) == record
    assert carry_out(move, alice, bob, key=f"x{key}"[:255]) != record
    if key.swapcase() != key:
        assert carry_out(move, alice, bob, key=key.swapcase()) != record


@every_order
def test_still_answers_when_the_order_would_now_be_refused(alice, bob, move, settings):
    first = carry_out(move, alice, bob, key="one")
    withdraw(alice, balance(alice))
    wallet_operations.freeze(SYSTEM, account_id(alice))
    for user in (alice, bob):
        user.is_active = False
        user.save()
    settings.LIMIT_CENTS_OUT_PER_DAY = settings.LIMIT_CENTS_BALANCE = 1
    with nothing_moves():
        assert carry_out(move, alice, bob, key="one") == first


@pytest.mark.parametrize("move", ["transfer", "withdraw"])
def test_a_refusal_uses_up_no_key(alice, bob, move):
    with nothing_moves(), pytest.raises(InsufficientFunds):
        carry_out(move, alice, bob, 1_500_00, key="one")
    deposit(alice, 500_00)
    record = carry_out(move, alice, bob, 1_500_00, key="one")
    assert not record.is_replay
    assert balance(alice) == 0
