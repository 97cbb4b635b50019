"""A reversal returns all the money of a deposit or transfer, once, if it's still there."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from ledger import operations
from ledger.errors import AlreadyReversed, KeyReused, MoneyGone, NotReversible
from ledger.models import Transaction
from tests.books import assert_books_right, nothing_moves
from tests.factories import UserFactory, balance, deposit, new_key, send, withdraw
from tests.tampering import payout, violations, violations_after
from wallet import house
from wallet import operations as wallet_operations
from wallet.context import SYSTEM, Context

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(db):
    return UserFactory(name="Wambui Staff")


def reverse(staff, record, key=None) -> Transaction:
    return operations.reverse(Context(staff.pk, key=key or new_key()), transaction_id=record.pk)


def test_a_transfer_goes_back(staff, alice, bob):
    record = send(alice, bob, 300_00)
    reversal = reverse(staff, record)
    assert (balance(alice), balance(bob)) == (1_000_00, 0)
    assert reversal.type == "REVERSAL"
    assert reversal.status == "SUCCESS"
    assert reversal.reverses == record
    assert record.reversed_by == reversal
    assert (reversal.from_account, reversal.to_account) == (record.to_account, record.from_account)
    assert reversal.created_by == staff
    assert_books_right()
    assert violations() == []


def entries_of(record) -> list[tuple[int, int]]:
    return sorted(record.entries.values_list("account_id", "amount_cents"))


def test_a_deposit_goes_into_suspense(staff, bob):
    """Nothing leaves the rail, so its float stays as it is."""
    reversal = reverse(staff, deposit(bob, 300_00))
    assert balance(bob) == 0
    assert (reversal.to_account, reversal.rail) == (None, "")
    wallet_id = bob.primary_account().pk
    assert entries_of(reversal) == sorted([(wallet_id, -300_00), (house.SUSPENSE.id, 300_00)])
    assert (reversal.source_name, reversal.target_name) == ("Bob Otieno", "Suspense")
    assert_books_right()
    assert violations() == []


REWRITE = """UPDATE ledger_transaction SET rail = '{rail}' WHERE type = 'REVERSAL';
    UPDATE ledger_entry SET account_id = {account} WHERE account_id = -3"""


@pytest.mark.parametrize(("rail", "account", "wrong"), [
    ("simulated", -1, []),
    ("", -1, ["shapes"]),
    ("simulated", -3, ["shapes"]),
    ("mpesa", -1, ["shapes", "reversals"]),
])  # fmt: skip
def test_an_earlier_reversal_of_a_deposit_keeps_its_shape(staff, bob, rail, account, wrong):
    """They credited the float of the deposit's rail, and are still right."""
    reverse(staff, deposit(bob, 300_00))
    found = violations_after(REWRITE.format(rail=rail, account=account))
    assert [name for name, _where in found] == wrong


def test_only_settled_deposits_and_transfers_can_be_reversed(staff, alice, bob):
    transfer = send(alice, bob, 10_00)
    others = [withdraw(alice, 5_00), payout(alice, "PENDING"), payout(alice, "FAILED")]
    others.append(reverse(staff, transfer))
    for record in others:
        with nothing_moves(), pytest.raises(NotReversible, match=record.reference):
            reverse(staff, record)


def test_a_second_reversal_is_refused_and_names_the_first(staff, alice, bob):
    record = send(alice, bob, 300_00)
    deposit(bob, 500_00)
    first = reverse(staff, record)
    with nothing_moves(), pytest.raises(AlreadyReversed, match=first.reference):
        reverse(staff, record)


def test_a_retry_returns_the_same_reversal(staff, alice, bob):
    record = send(alice, bob, 300_00)
    first = reverse(staff, record, key="one")
    with nothing_moves():
        again = reverse(staff, record, key="one")
    assert again == first
    assert again.is_replay
    other = send(alice, bob, 300_00)
    with pytest.raises(KeyReused):
        reverse(staff, other, key="one")


def test_refuses_when_the_money_is_gone(staff, alice, bob):
    record = send(alice, bob, 300_00)
    withdraw(bob, 100_00)
    with nothing_moves(), pytest.raises(MoneyGone) as refusal:
        reverse(staff, record)
    said = str(refusal.value).replace("\u00a0", " ")
    assert said == "The wallet holds KES 200.00, so KES 300.00 can't be taken back from it."


def test_frozen_and_closed_wallets_give_back(staff, alice, bob):
    record = send(alice, bob, 300_00)
    wallet_operations.freeze(SYSTEM, bob.primary_account().pk)
    bob.is_active = alice.is_active = False
    bob.save()
    alice.save()
    reverse(staff, record)
    assert (balance(alice), balance(bob)) == (1_000_00, 0)


def test_limits_do_not_stop_a_reversal(staff, alice, bob, settings):
    record = send(alice, bob, 300_00)
    settings.LIMIT_CENTS_PER_TRANSACTION = 1_00
    settings.LIMIT_CENTS_OUT_PER_DAY = 1_00
    settings.LIMIT_CENTS_BALANCE = 1_00
    reverse(staff, record)
    assert balance(alice) == 1_000_00


def test_a_reversal_does_not_count_to_the_members_daily_limit(staff, alice, bob, settings):
    record = send(alice, bob, 300_00)
    reverse(staff, record)
    deposit(bob, 300_00)
    settings.LIMIT_CENTS_OUT_PER_DAY = 300_00
    send(bob, alice, 300_00)
    assert balance(bob) == 0


@pytest.mark.parametrize(
    "columns",
    [
        {"type": "REVERSAL", "reverses": None},
        {"type": "TRANSFER"},
    ],
    ids=["a reversal of nothing", "a transfer that reverses"],
)
def test_the_database_refuses_an_inconsistent_reversal(staff, alice, bob, columns):
    record = send(alice, bob, 300_00)
    copy = {"reverses": record} | columns
    with pytest.raises(IntegrityError), transaction.atomic():
        Transaction.objects.create(
            status="SUCCESS",
            amount_cents=300_00,
            from_account=record.to_account,
            to_account=record.from_account,
            created_by=staff,
            created_at=record.created_at,
            settled_at=record.created_at,
            **copy,
        )


def test_the_database_refuses_a_second_reversal(staff, alice, bob):
    record = send(alice, bob, 300_00)
    reverse(staff, record)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO ledger_transaction
               (reference, type, status, amount_cents, from_account_id, to_account_id, description,
                created_by_id, reverses_id, created_at, settled_at)
               SELECT 'NS-00000000', type, status, amount_cents, from_account_id, to_account_id,
                      description, created_by_id, reverses_id, created_at, settled_at
               FROM ledger_transaction WHERE type = 'REVERSAL'"""
        )
