"""A withdrawal takes money out once, and never more than the balance."""

import pytest

from ledger.errors import AccountClosed, AccountFrozen, InsufficientFunds, TransactionLimitReached
from ledger.models import Entry
from tests.books import assert_books_right, nothing_moves
from tests.factories import account_id, balance, withdraw
from tests.ledger.support.moves import FLOAT, TRANSIT, lines
from wallet import operations as wallet_operations
from wallet.context import SYSTEM

pytestmark = pytest.mark.django_db


def test_takes_the_amount(alice):
    record = withdraw(alice, 300_00, description="Rent")
    assert balance(alice) == 700_00
    assert (record.type, record.status) == ("WITHDRAW", "SUCCESS")
    assert (record.amount_cents, record.description) == (300_00, "Rent")
    assert (record.from_account_id, record.to_account_id) == (account_id(alice), None)
    assert record.settled_at == record.created_at
    assert_books_right()


def test_the_money_goes_through_transit_to_the_float(alice):
    assert lines(withdraw(alice, 300_00)) == [
        (account_id(alice), -300_00, 700_00),
        (TRANSIT, 300_00, None),
        (TRANSIT, -300_00, None),
        (FLOAT, 300_00, None),
    ]


def test_withdrawing_the_whole_balance_brings_the_float_to_zero(alice):
    withdraw(alice, 1_000_00)
    assert balance(alice) == 0
    assert sum(Entry.objects.filter(account=FLOAT).values_list("amount_cents", flat=True)) == 0
    assert_books_right()


def test_refuses_more_than_the_balance(alice):
    with nothing_moves(), pytest.raises(InsufficientFunds) as refusal:
        withdraw(alice, 1_000_01)
    assert refusal.value.code == "insufficient_balance"
    assert str(refusal.value) == "You have KES\u00a01,000.00 available. Enter that or less."


def test_refuses_a_frozen_wallet(alice):
    wallet_operations.freeze(SYSTEM, account_id(alice))
    with nothing_moves(), pytest.raises(AccountFrozen) as refusal:
        withdraw(alice, 10_00)
    assert refusal.value.code == "account_frozen"
    wallet_operations.unfreeze(SYSTEM, account_id(alice))
    withdraw(alice, 10_00)
    assert balance(alice) == 990_00


def test_refuses_a_closed_wallet(alice):
    alice.is_active = False
    alice.save()
    with nothing_moves(), pytest.raises(AccountClosed) as refusal:
        withdraw(alice, 10_00)
    assert refusal.value.code == "account_closed"


def test_refuses_more_than_the_limit_per_transaction(alice, settings):
    settings.LIMIT_CENTS_PER_TRANSACTION = 100_00
    withdraw(alice, 100_00)
    with nothing_moves(), pytest.raises(TransactionLimitReached) as refusal:
        withdraw(alice, 100_01)
    assert refusal.value.code == "limit_exceeded"
