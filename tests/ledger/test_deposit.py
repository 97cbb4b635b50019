"""A deposit adds money once, and never more than a wallet may hold."""

import pytest

from ledger.errors import AccountClosed, BalanceLimitReached, TransactionLimitReached
from tests.books import assert_books_right, nothing_moves
from tests.factories import account_id, balance, deposit, withdraw
from tests.ledger.support.moves import FLOAT, carry_out, lines
from wallet import operations as wallet_operations
from wallet.context import SYSTEM

pytestmark = pytest.mark.django_db


def test_adds_the_amount(bob):
    record = deposit(bob, 300_00, description="Salary")
    assert balance(bob) == 300_00
    assert (record.type, record.status) == ("DEPOSIT", "SUCCESS")
    assert (record.amount_cents, record.description) == (300_00, "Salary")
    assert (record.from_account_id, record.to_account_id) == (None, account_id(bob))
    assert record.settled_at == record.created_at
    assert_books_right()


def test_a_deposit_debits_the_float_and_credits_the_wallet(bob):
    deposit(bob, 1)
    record = deposit(bob, 300_00)
    assert lines(record) == [(FLOAT, -300_00, None), (account_id(bob), 300_00, 300_01)]


def test_another_person_may_order_the_deposit(alice, bob, operator):
    record = carry_out("deposit", bob, bob, 50_00, actor_id=operator.pk)
    assert (record.created_by, balance(bob), balance(alice)) == (operator, 50_00, 1_000_00)


def test_a_frozen_wallet_receives(bob):
    wallet_operations.freeze(SYSTEM, account_id(bob))
    deposit(bob, 50_00)
    assert balance(bob) == 50_00
    assert_books_right()


def test_a_closed_wallet_receives_nothing(bob):
    bob.is_active = False
    bob.save()
    with nothing_moves(), pytest.raises(AccountClosed) as refusal:
        deposit(bob, 50_00)
    assert refusal.value.code == "account_closed"
    assert "is closed" in str(refusal.value)


def test_refuses_more_than_the_limit_per_transaction(bob, settings):
    settings.LIMIT_CENTS_PER_TRANSACTION = 100_00
    deposit(bob, 100_00)
    with nothing_moves(), pytest.raises(TransactionLimitReached) as refusal:
        deposit(bob, 100_01)
    assert refusal.value.code == "limit_exceeded"
    assert str(refusal.value) == "You can move up to KES\u00a0100.00 at a time. Enter that or less."


def test_refuses_more_than_a_wallet_may_hold(bob, settings):
    settings.LIMIT_CENTS_BALANCE = 100_00
    deposit(bob, 60_00)
    with nothing_moves(), pytest.raises(BalanceLimitReached) as refusal:
        deposit(bob, 40_01)
    assert refusal.value.code == "limit_exceeded"
    assert (
        str(refusal.value)
        == "A wallet holds up to KES\u00a0100.00. You can add KES\u00a040.00 more."
    )
    deposit(bob, 40_00)
    assert balance(bob) == 100_00
    assert_books_right()


def test_a_wallet_above_a_lowered_limit_has_no_room(bob, settings):
    deposit(bob, 60_00)
    settings.LIMIT_CENTS_BALANCE = 50_00
    with nothing_moves(), pytest.raises(BalanceLimitReached, match=r"add KES.0\.00 more"):
        deposit(bob, 1)


def test_money_in_uses_none_of_the_daily_limit(alice, settings):
    settings.LIMIT_CENTS_OUT_PER_DAY = 100_00
    deposit(alice, 500_00)
    withdraw(alice, 100_00)
    assert balance(alice) == 1_400_00
