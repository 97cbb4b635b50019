"""A key belongs to one order of one member forever: a retry moves nothing."""

from itertools import permutations

import pytest

from ledger.errors import InsufficientFunds, KeyReused
from ledger.models import Transaction
from tests.books import assert_books_right, nothing_moves
from tests.factories import account_id, balance, deposit, send, withdraw
from tests.ledger.support.moves import MOVES, ORDERS, arguments_for, call, carry_out
from wallet import operations as wallet_operations
from wallet.context import SYSTEM

pytestmark = pytest.mark.django_db

every_move = pytest.mark.parametrize("move", MOVES)
every_order = pytest.mark.parametrize("move", ORDERS)


@every_order
def test_a_retry_returns_the_first_transaction(alice, bob, move):
    first = carry_out(move, alice, bob, key="one", description="Lunch")
    with nothing_moves():
        again = carry_out(move, alice, bob, key="one", description="Lunch")
    assert (first.is_replay, again.is_replay) == (False, True)
    assert again == first
    for name in ("reference", "amount_cents", "status", "created_at", "settled_at"):
        assert getattr(again, name) == getattr(first, name)


@every_order
@pytest.mark.parametrize("other", [{"amount_cents": 100_01}, {"description": "Dinner"}])
def test_refuses_the_key_with_another_amount_or_note_and_names_the_first(alice, bob, move, other):
    first = carry_out(move, alice, bob, key="one", description="Lunch")
    changed = {"key": "one", "description": "Lunch"} | other
    with nothing_moves(), pytest.raises(KeyReused) as refusal:
        carry_out(move, alice, bob, **changed)
    assert refusal.value.code == "idempotency_key_reused"
    assert first.reference in str(refusal.value)


@every_order
def test_refuses_the_key_for_another_account(alice, bob, carol, move):
    deposit(carol, 500_00)
    carry_out(move, alice, bob, key="one")
    with nothing_moves(), pytest.raises(KeyReused):
        carry_out(move, carol, bob, key="one", actor_id=alice.pk)


@pytest.mark.parametrize(("move", "second"), list(permutations(MOVES, 2)))
def test_refuses_the_key_for_another_operation(alice, bob, move, second):
    carry_out(move, alice, bob, key="one")
    arguments = arguments_for(second, alice, bob, key="one")
    with nothing_moves(), pytest.raises(KeyReused):
        call(second, arguments)


def test_refuses_the_key_for_another_recipient(alice, bob, carol):
    send(alice, bob, 100_00, key="one")
    with nothing_moves(), pytest.raises(KeyReused):
        send(alice, carol, 100_00, key="one")


@every_move
def test_two_members_may_use_the_same_key(alice, bob, carol, move):
    deposit(carol, 500_00)
    first = carry_out(move, alice, bob, key="one")
    second = carry_out(move, carol, bob, key="one")
    assert not second.is_replay
    assert first != second
    assert_books_right()


@every_move
def test_each_order_without_a_key_is_a_new_transaction(alice, bob, move):
    first, second = (carry_out(move, alice, bob, key=None) for _ in range(2))
    assert first != second
    assert not second.is_replay
    assert Transaction.objects.filter(idempotency_key=None, type=first.type).count() == 2
    assert_books_right()


@every_order
@pytest.mark.parametrize("key", ["k", "~" * 255, "'; DROP TABLE ledger_entry; --", "%s", "K", ""])
def test_a_key_may_be_any_text_and_case_matters(alice, bob, move, key):
    record = carry_out(move, alice, bob, key=key)
    assert carry_out(move, alice, bob, key=key) == record
    assert carry_out(move, alice, bob, key=f"x{key}"[:255]) != record
    if key.swapcase() != key:
        assert carry_out(move, alice, bob, key=key.swapcase()) != record


@every_order
def test_a_retry_is_replayed_even_if_a_new_order_would_be_refused(alice, bob, move, settings):
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
