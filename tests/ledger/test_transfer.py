"""A transfer moves money from one member to another once, or not at all."""

import pytest

from ledger.errors import (
    AccountClosed,
    AccountFrozen,
    BalanceLimitReached,
    InsufficientFunds,
    RecipientLimitReached,
    SelfTransfer,
    TransactionLimitReached,
)
from tests.books import assert_books_right, nothing_moves
from tests.factories import account_id, balance, send
from tests.ledger.support.moves import lines
from wallet import operations as wallet_operations
from wallet.context import SYSTEM

pytestmark = pytest.mark.django_db


def close(user):
    user.is_active = False
    user.save()


def test_moves_the_amount(alice, bob):
    record = send(alice, bob, 300_00, description="Lunch")
    assert (balance(alice), balance(bob)) == (700_00, 300_00)
    assert (record.type, record.status, record.description) == ("TRANSFER", "SUCCESS", "Lunch")
    assert (record.from_account_id, record.to_account_id) == (account_id(alice), account_id(bob))
    assert record.created_by == alice
    assert_books_right()


def test_writes_one_entry_for_each_side(alice, bob):
    record = send(alice, bob, 300_00)
    assert lines(record) == [
        (account_id(alice), -300_00, 700_00),
        (account_id(bob), 300_00, 300_00),
    ]


def test_moves_the_whole_balance(alice, bob):
    send(alice, bob, 1_000_00)
    assert (balance(alice), balance(bob)) == (0, 1_000_00)


def test_moves_back_from_the_higher_id_to_the_lower(alice, bob):
    send(alice, bob, 300_00)
    record = send(bob, alice, 100_00)
    assert (balance(alice), balance(bob)) == (800_00, 200_00)
    assert lines(record) == [
        (account_id(bob), -100_00, 200_00),
        (account_id(alice), 100_00, 800_00),
    ]
    assert_books_right()


def test_touches_no_third_account(alice, bob, carol):
    send(alice, carol, 10_00)
    send(alice, bob, 300_00)
    assert balance(carol) == 10_00


def test_refuses_more_than_the_balance(alice, bob):
    with nothing_moves(), pytest.raises(InsufficientFunds) as refusal:
        send(alice, bob, 1_000_01)
    assert refusal.value.code == "insufficient_balance"
    assert str(refusal.value) == "You have KES\u00a01,000.00 available. Enter that or less."


def test_refuses_a_transfer_to_oneself(alice):
    with nothing_moves(), pytest.raises(SelfTransfer) as refusal:
        send(alice, alice, 10_00)
    assert refusal.value.code == "self_transfer"
    assert "This is your own wallet." in str(refusal.value)


def test_refuses_a_frozen_source(alice, bob):
    wallet_operations.freeze(SYSTEM, account_id(alice))
    with nothing_moves(), pytest.raises(AccountFrozen) as refusal:
        send(alice, bob, 10_00)
    assert refusal.value.code == "account_frozen"
    assert "This wallet is frozen" in str(refusal.value)
    wallet_operations.unfreeze(SYSTEM, account_id(alice))
    send(alice, bob, 10_00)
    assert balance(bob) == 10_00


def test_a_frozen_target_still_receives(alice, bob):
    wallet_operations.freeze(SYSTEM, account_id(bob))
    send(alice, bob, 10_00)
    assert balance(bob) == 10_00


@pytest.mark.parametrize("closed", ["source", "target"])
def test_refuses_a_closed_side(alice, bob, closed):
    close(alice if closed == "source" else bob)
    with nothing_moves(), pytest.raises(AccountClosed) as refusal:
        send(alice, bob, 10_00)
    assert refusal.value.code == "account_closed"


def test_refuses_more_than_the_limit_per_transaction(alice, bob, settings):
    settings.LIMIT_CENTS_PER_TRANSACTION = 100_00
    send(alice, bob, 100_00)
    with nothing_moves(), pytest.raises(TransactionLimitReached) as refusal:
        send(alice, bob, 100_01)
    assert refusal.value.code == "limit_exceeded"


def test_refuses_to_overfill_the_target_without_revealing_its_balance(alice, bob, settings):
    settings.LIMIT_CENTS_BALANCE = 100_00
    send(alice, bob, 60_00)
    with nothing_moves(), pytest.raises(RecipientLimitReached) as refusal:
        send(alice, bob, 40_01)
    assert refusal.value.code == "limit_exceeded"
    assert not isinstance(refusal.value, BalanceLimitReached)
    assert not any(character.isdigit() for character in str(refusal.value))
    send(alice, bob, 40_00)
    assert balance(bob) == 100_00
