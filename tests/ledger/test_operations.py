"""Rules that every money operation obeys."""

import secrets
from decimal import Decimal

import pytest
from django.db import OperationalError, connection, transaction

from ledger import kinds, operations
from ledger.errors import InvalidAmount, TransactionLimitReached, UnknownAccount
from ledger.models import Transaction
from ledger.operations import Order
from ledger.references import REFERENCE
from tests.books import assert_books_right, nothing_moves
from tests.factories import account_id, deposit, new_key
from tests.ledger.support.moves import MOVES, ORDERS, accounts_of, arguments_for, call, carry_out
from wallet import house
from wallet.context import Context
from wallet.errors import Busy, Refusal
from wallet.models import User

pytestmark = pytest.mark.django_db

every_move = pytest.mark.parametrize("move", MOVES)
every_order = pytest.mark.parametrize("move", ORDERS)


def order_for(move: str, owner: User, other: User, amount_cents: int) -> Order:
    named = accounts_of(move, owner, other)
    own = named.pop("account_id", None)
    named |= {"target_id": own} if move == "deposit" else {"source_id": own} if own else {}
    return Order(kinds.of(move.upper()), amount_cents, **named)


@every_order
@pytest.mark.parametrize("amount", [0, -1, -(10**30)])
def test_refuses_zero_and_negative_amounts(alice, bob, move, amount):
    with nothing_moves(), pytest.raises(InvalidAmount) as refusal:
        carry_out(move, alice, bob, amount)
    assert refusal.value.code == "invalid_request"
    assert str(refusal.value) == "Enter an amount above zero."


@every_order
@pytest.mark.parametrize("amount", [1.5, 1.0, True, Decimal(5), "5", None])
def test_refuses_an_amount_that_is_not_an_integer(alice, bob, move, amount):
    with nothing_moves(), pytest.raises(InvalidAmount):
        carry_out(move, alice, bob, amount)


@every_order
@pytest.mark.parametrize("amount", [2**31, 2**53 + 1, 2**63 - 1, 2**63, 10**400])
def test_refuses_amounts_that_overflow_the_column(alice, bob, move, amount):
    with nothing_moves(), pytest.raises(TransactionLimitReached):
        carry_out(move, alice, bob, amount)


@every_order
@pytest.mark.parametrize("stranger", [*(one.id for one in house.all_accounts()), 0, 10**9])
def test_refuses_house_accounts_and_unknown_accounts(alice, bob, move, stranger):
    for name in accounts_of(move, alice, bob):
        with nothing_moves(), pytest.raises(UnknownAccount) as refusal:
            carry_out(move, alice, bob, **{name: stranger})
        assert refusal.value.code == "not_found"
        assert str(refusal.value) == "This wallet doesn't exist. Check who you're sending to."


@every_move
def test_an_operation_refuses_to_run_inside_another_transaction(alice, bob, move):
    arguments = arguments_for(move, alice, bob)
    with nothing_moves(), pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        call(move, arguments)


@every_order
def test_a_preview_moves_nothing_and_predicts_the_balance(alice, bob, move):
    order = order_for(move, alice, bob, 100_00)
    with nothing_moves():
        predicted = operations.preview(order)
    carry_out(move, alice, bob, 100_00)
    assert predicted.balance_after_cents == alice.primary_account().balance_cents


@every_order
@pytest.mark.parametrize("amount", [0, 250_000_01, 245_000_00])
def test_a_preview_refuses_what_the_operation_refuses(alice, bob, move, amount, settings):
    deposit(bob, 250_000_00)
    settings.LIMIT_CENTS_BALANCE = 245_000_00
    order = order_for(move, alice, bob, amount)
    with nothing_moves(), pytest.raises(Refusal) as predicted:
        operations.preview(order)
    with nothing_moves(), pytest.raises(type(predicted.value)) as refusal:
        operations.perform(Context(alice.pk, key=new_key()), order)
    assert str(refusal.value) == str(predicted.value)


@every_move
def test_a_transaction_gets_a_reference_that_is_easy_to_read_out(alice, bob, move):
    record = carry_out(move, alice, bob)
    assert REFERENCE.fullmatch(record.reference)
    assert Transaction.objects.get(reference=record.reference) == record


@every_move
def test_draws_another_reference_when_the_first_is_taken(alice, bob, move, monkeypatch):
    arguments = [arguments_for(move, alice, bob) for _ in range(2)]
    drawn = iter([7, 7, 8])
    monkeypatch.setattr(secrets, "randbits", lambda _bits: next(drawn))
    first, second = (call(move, each) for each in arguments)
    assert (first.reference, second.reference) == ("NS-00000007", "NS-00000008")
    assert_books_right()


@every_move
def test_is_busy_when_every_drawn_reference_is_taken(alice, bob, move, monkeypatch, settings):
    settings.ORDER_TIMEOUT_S = 0.5
    arguments = [arguments_for(move, alice, bob) for _ in range(2)]
    monkeypatch.setattr(secrets, "randbits", lambda _bits: 7)
    call(move, arguments[0])
    with nothing_moves(), pytest.raises(Busy):
        call(move, arguments[1])


def test_a_member_and_their_wallet_are_created_together_or_not_at_all():
    def fail_at_the_wallet(execute, sql, params, many, context):
        if 'INTO "wallet_account"' in sql:
            raise OperationalError("the disk is full")
        return execute(sql, params, many, context)

    people = User.objects.count()
    with connection.execute_wrapper(fail_at_the_wallet), pytest.raises(OperationalError):
        User.objects.create_user(name="Dan Mutua", email="dan@example.com")
    assert User.objects.count() == people
    dan = User.objects.create_user(name="Dan Mutua", email="dan@example.com")
    assert account_id(dan) > 0
