"""Money moves from one member to another, once, or not at all."""

import pytest

from ledger.errors import (
    AccountClosed,
    AccountFrozen,
    BalanceLimitReached,
    DailyLimitReached,
    InsufficientFunds,
    InvalidAmount,
    KeyReused,
    RecipientLimitReached,
    SelfTransfer,
    TransactionLimitReached,
    UnknownAccount,
)
from ledger import operations
from ledger.models import Transaction
from tests.books import assert_books_right
from tests.factories import account_id, balance, deposit, new_key, send, withdraw
from wallet import operations as wallet_operations

pytestmark = pytest.mark.django_db


def test_moves_the_amount(alice, bob):
    record = send(alice, bob, 300_00, description="Lunch")
    assert (balance(alice), balance(bob)) == (700_00, 300_00)
    assert (record.type, record.status, record.description) == ("TRANSFER", "SUCCESS", "Lunch")
    lines = record.entries.order_by("pk").values_list("account_id", "amount_cents")
    assert list(lines) == [(account_id(alice), -300_00), (account_id(bob), 300_00)]
    assert_books_right()


def test_moves_the_whole_balance(alice, bob):
    send(alice, bob, 1_000_00)
    assert (balance(alice), balance(bob)) == (0, 1_000_00)
