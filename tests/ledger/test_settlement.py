"""A pending deposit or withdrawal settles or fails once, and writes the right entries."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from ledger import errors, operations
from ledger.models import Entry, Transaction
from ledger.querysets import nairobi_day
from tests.books import assert_books_right, nothing_moves
from tests.factories import account_id, balance, deposit, new_key, send, withdraw
from tests.ledger.support.later import (
    answer_later,
    end,
    sent,
    waiting_deposit,
    waiting_withdrawal,
)
from tests.ledger.support.moves import FLOAT, TRANSIT, lines
from tests.tampering import violations
from wallet import operations as wallet_operations
from wallet.context import SYSTEM, Context
from wallet.models import Account

pytestmark = pytest.mark.django_db

ENDS = ["SUCCESS", "FAILED"]
WAITING = {"deposit": waiting_deposit, "withdraw": waiting_withdrawal}
every_move = pytest.mark.parametrize("move", WAITING)
every_end = pytest.mark.parametrize("status", ENDS)

HELD = 1_000_00


def assert_right() -> None:
    assert_books_right()
    assert violations() == []


def test_a_pending_deposit_has_moved_nothing(alice):
    record = waiting_deposit(alice, 300_00)
    assert (record.status, record.settled_at, lines(record)) == ("PENDING", None, [])
    assert balance(alice) == HELD
    assert_right()


def test_a_pending_withdrawal_has_left_the_wallet(alice):
    record = waiting_withdrawal(alice, 300_00)
    assert (record.status, record.settled_at) == ("PENDING", None)
    assert lines(record) == [(account_id(alice), -300_00, 700_00), (TRANSIT, 300_00, None)]
    with nothing_moves(), pytest.raises(errors.InsufficientFunds):
        withdraw(alice, 700_01)
    assert_right()


def test_a_settled_deposit_is_in_the_wallet(alice):
    record = end(waiting_deposit(alice, 300_00), "SUCCESS")
    assert record.status == "SUCCESS"
    assert lines(record) == [(FLOAT, -300_00, None), (account_id(alice), 300_00, 1_300_00)]
    assert balance(alice) == 1_300_00
    assert_right()


def test_a_failed_deposit_writes_no_entries(alice):
    record = end(waiting_deposit(alice, 300_00), "FAILED")
    assert (record.status, lines(record), balance(alice)) == ("FAILED", [], HELD)
    assert_right()


def test_a_settled_withdrawal_moves_from_transit_to_the_float(alice):
    record = end(waiting_withdrawal(alice, 300_00), "SUCCESS")
    assert record.status == "SUCCESS"
    assert lines(record)[2:] == [(TRANSIT, -300_00, None), (FLOAT, 300_00, None)]
    assert balance(alice) == 700_00
    assert_right()


def test_a_failed_withdrawal_is_back_in_the_wallet(alice):
    record = waiting_withdrawal(alice, 300_00)
    send_all = balance(alice)
    withdraw(alice, send_all)
    record = end(record, "FAILED")
    assert record.status == "FAILED"
    assert lines(record)[2:] == [(TRANSIT, -300_00, None), (account_id(alice), 300_00, 300_00)]
    assert balance(alice) == 300_00
    assert_right()


@every_move
@every_end
def test_the_returned_record_equals_the_stored_row(alice, move, status):
    waiting = WAITING[move](alice, 300_00, description="Rent")
    record = end(waiting, status)
    stored = Transaction.objects.get(pk=waiting.pk)
    for name in ("status", "settled_at", "created_at", "reference", "rail", "description"):
        assert getattr(stored, name) == getattr(record, name)
    assert not record.is_replay
    assert stored.settled_at >= stored.created_at


@every_move
@every_end
def test_settling_or_failing_twice_moves_nothing(alice, move, status):
    record = end(WAITING[move](alice, 300_00), status)
    with nothing_moves():
        again = end(record, status)
    assert again == record
    assert again.is_replay
    assert again.settled_at == record.settled_at


@every_move
@every_end
def test_the_opposite_outcome_is_refused_and_names_the_first(alice, move, status):
    record = end(WAITING[move](alice, 300_00), status)
    other = ENDS[1 - ENDS.index(status)]
    with nothing_moves(), pytest.raises(errors.SettledOtherwise) as refusal:
        end(record, other)
    assert refusal.value.code == "already_settled"
    assert record.reference in str(refusal.value)
    assert str(record.status_badge.word).lower() in str(refusal.value)


def test_an_instant_transaction_counts_as_settled(alice, bob):
    for record in (deposit(alice, 5_00), withdraw(alice, 5_00), send(alice, bob, 5_00)):
        with nothing_moves():
            assert operations.settle(transaction_id=record.pk).is_replay
        with nothing_moves(), pytest.raises(errors.SettledOtherwise):
            operations.fail(transaction_id=record.pk)


def test_an_unknown_transaction_cannot_settle_or_fail(alice):
    for verb in (operations.settle, operations.fail):
        with nothing_moves(), pytest.raises(Transaction.DoesNotExist):
            verb(transaction_id=10**9)


@every_move
@every_end
def test_settling_and_failing_refuse_to_run_inside_another_transaction(alice, move, status):
    record = WAITING[move](alice, 300_00)
    with nothing_moves(), pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        end(record, status)


@every_move
@every_end
def test_frozen_and_closed_wallets_and_limits_do_not_stop_it(alice, settings, move, status):
    record = WAITING[move](alice, 300_00)
    wallet_operations.freeze(SYSTEM, account_id(alice))
    alice.is_active = False
    alice.save()
    settings.LIMIT_CENTS_BALANCE = settings.LIMIT_CENTS_PER_TRANSACTION = 1
    settings.LIMIT_CENTS_OUT_PER_DAY = 1
    assert end(record, status).status == status
    assert_right()


def test_a_failed_withdrawal_gives_the_daily_limit_back(alice, settings):
    settings.LIMIT_CENTS_OUT_PER_DAY = 300_00
    record = waiting_withdrawal(alice, 300_00)
    with pytest.raises(errors.DailyLimitReached):
        withdraw(alice, 1)
    end(record, "FAILED")
    assert operations.sent_cents(account_id(alice), nairobi_day()) == 0
    withdraw(alice, 300_00)


def test_a_retry_returns_the_pending_or_failed_transaction(alice):
    record = waiting_withdrawal(alice, 300_00, key="one")
    with nothing_moves(), answer_later():
        assert withdraw(alice, 300_00, key="one") == record
    end(record, "FAILED")
    with nothing_moves():
        again = withdraw(alice, 300_00, key="one")
    assert (again.is_replay, again.status) == (True, "FAILED")


def test_only_a_settled_deposit_can_be_reversed(alice):
    record = waiting_deposit(alice, 300_00)
    with nothing_moves(), pytest.raises(errors.NotReversible):
        reverse(record, alice)
    end(record, "SUCCESS")
    assert reverse(record, alice).rail == ""
    assert_right()


@every_move
@every_end
def test_entry_times_of_an_account_never_decrease(alice, move, status, time_machine):
    """This machine's clock may be behind the clock of the machine that wrote last."""
    record = WAITING[move](alice, 300_00)
    deposit(alice, 1, at=timezone.now() + timedelta(minutes=5))
    time_machine.move_to(timezone.now() - timedelta(minutes=5))
    ended = end(record, status)
    assert ended.settled_at >= record.created_at
    times = Entry.objects.filter(account=account_id(alice)).order_by("pk")
    found = list(times.values_list("created_at", flat=True))
    assert found == sorted(found)
    assert_right()


def test_a_given_time_is_kept(alice):
    then = timezone.now() + timedelta(days=1)
    with answer_later():
        record = sent(withdraw(alice, 300_00, at=then))
    ended = operations.settle(transaction_id=record.pk, at=then + timedelta(hours=2))
    assert ended.settled_at == then + timedelta(hours=2)
    assert_right()


def reverse(record, actor):
    return operations.reverse(Context(actor.pk, key=new_key()), transaction_id=record.pk)


def test_house_accounts_store_no_balance(alice):
    end(waiting_withdrawal(alice, 300_00), "SUCCESS")
    assert not Account.objects.filter(pk__lt=0).exclude(balance_cents=0).exists()
