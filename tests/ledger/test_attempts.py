"""An order that waits for its rail has an attempt, and the database keeps it honest."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from ledger import errors, operations, payment_errors
from ledger.models import Attempt, Transaction
from ledger.operations import group_commit
from tests.books import assert_books_right, nothing_moves
from tests.factories import balance, deposit, funded, send, withdraw
from tests.ledger.support.later import answer_later, unclaimed, waiting_withdrawal
from tests.ledger.support.placed import withdraw as placed_withdrawal
from tests.tampering import violations
from wallet.models import User

pytestmark = pytest.mark.django_db


# --- It comes with its order


@pytest.mark.parametrize("move", [deposit, withdraw])
def test_an_order_that_waits_has_an_attempt(alice, move):
    with answer_later():
        record = move(alice, 300_00)
    attempt = Attempt.objects.get()
    assert (attempt.transaction, attempt.rail, attempt.phone) == (record, "simulated", alice.phone)
    assert (attempt.state, attempt.fence, attempt.sent_at) == ("READY", 0, None)
    assert attempt.next_look_at == attempt.created_at == record.created_at
    assert attempt.is_payout == (move is withdraw)
    assert (len(attempt.reference), attempt.reference[:4]) == (20, "NSP-")
    assert violations() == []


def test_what_is_carried_out_instantly_has_none(alice, bob):
    for record in (deposit(alice, 5_00), withdraw(alice, 5_00), send(alice, bob, 5_00)):
        assert record.status == "SUCCESS"
    assert not Attempt.objects.exists()


def test_a_replay_makes_no_second_attempt(alice):
    attempt = unclaimed(alice, key="one")
    assert unclaimed(alice, key="one") == attempt


def test_each_order_of_a_batch_has_its_own_attempt(alice, bob):
    funded(bob, 500_00)
    with answer_later():
        outcomes = group_commit.run_batch(
            [placed_withdrawal(alice, 10_00), placed_withdrawal(bob, 20_00)], answer_by=10**9
        )
    for placed, record in outcomes.items():
        assert Attempt.objects.get(transaction=record).phone
        assert record.amount_cents == placed.order.amount_cents
    assert Attempt.objects.count() == 2
    assert violations() == []


def test_an_attempt_keeps_the_phone_number_it_was_ordered_with(alice):
    attempt = unclaimed(alice)
    before, alice.phone = alice.phone, "+254799000000"
    alice.save()
    assert Attempt.objects.get(pk=attempt.pk).phone == before


def test_a_rail_that_needs_a_phone_refuses_a_member_without_one(alice, monkeypatch):
    User.objects.filter(pk=alice.pk).update(phone=None)
    monkeypatch.setattr("ledger.rails.simulated.SIMULATED.needs_phone", True)
    for move in (deposit, withdraw):
        with nothing_moves(), pytest.raises(errors.PhoneMissing):
            move(alice, 5_00)


# --- How many people approve it


@pytest.mark.parametrize(
    ("cents", "approvals"), [(50_000_00, 0), (50_000_01, 1), (150_000_00, 1), (150_000_01, 2)]
)
def test_a_large_payout_waits_for_people(rich, cents, approvals):
    record = withdraw(rich, cents)
    if not approvals:
        assert record.status == "SUCCESS"
        return
    attempt = Attempt.objects.get(transaction=record)
    assert record.status == "PENDING"
    assert (attempt.state, attempt.approvals_needed) == ("HELD", approvals)
    above = {1: 50_000_00, 2: 150_000_00}[approvals]
    assert (attempt.held_because, attempt.held_above_cents) == ("amount", above)
    assert attempt.next_look_at is None
    assert balance(rich) == 500_000_00 - cents
    assert violations() == []


def test_zero_means_every_payout_and_never_what_is_no_payout(rich, bob, settings):
    settings.APPROVE_ONE_ABOVE_CENTS = 0
    assert withdraw(rich, 1).status == "PENDING"
    assert send(rich, bob, 60_000_00).status == deposit(bob, 1_00).status == "SUCCESS"
    settings.APPROVE_TWO_ABOVE_CENTS = 0
    assert Attempt.objects.get(transaction=withdraw(rich, 1)).approvals_needed == 2


def test_what_leaves_in_a_day_counts_together(rich, bob, settings):
    settings.APPROVE_ONE_ABOVE_CENTS_A_DAY = 40_000_00
    send(rich, bob, 30_000_00)
    assert withdraw(rich, 10_000_00).status == "SUCCESS"
    attempt = Attempt.objects.get(transaction=withdraw(rich, 1_00))
    assert (attempt.held_because, attempt.held_above_cents) == ("day", 40_000_00)


def test_the_first_payout_to_a_changed_phone_waits(alice):
    assert withdraw(alice, 1_00).status == "SUCCESS"
    alice.phone = "+254799000000"
    alice.save()
    first, second = withdraw(alice, 1_00), withdraw(alice, 2_00)
    assert (first.status, second.status) == ("PENDING", "PENDING")
    said = {(one.approvals_needed, one.held_because) for one in Attempt.objects.all()}
    assert said == {(1, "new_phone")}


def test_once_a_payout_reached_the_changed_phone_others_need_no_approval(alice):
    changed_at = timezone.now() - timedelta(hours=2)
    withdraw(alice, 1_00)
    User.objects.filter(pk=alice.pk).update(phone_changed_at=changed_at)
    assert withdraw(alice, 1_00).status == "SUCCESS"


@pytest.mark.parametrize(("hours", "status"), [(23.9, "PENDING"), (24, "SUCCESS")])
def test_a_changed_phone_is_new_for_a_day(alice, hours, status):
    changed_at = timezone.now() - timedelta(hours=hours)
    User.objects.filter(pk=alice.pk).update(phone_changed_at=changed_at)
    assert withdraw(alice, 1_00).status == status


def test_every_way_to_change_a_phone_is_seen(alice):
    assert alice.phone_changed_at is None
    alice.save()
    alice.refresh_from_db()
    assert alice.phone_changed_at is None
    stale = User.objects.get(pk=alice.pk)
    User.objects.filter(pk=alice.pk).update(phone="+254799000001")
    seen = [User.objects.get(pk=alice.pk).phone_changed_at]
    alice.phone = "+254799000002"
    alice.save(update_fields=["phone"])
    seen.append(alice.phone_changed_at)
    # A copy from before the change neither hides it nor counts as none.
    stale.save()
    seen.append(User.objects.get(pk=alice.pk).phone_changed_at)
    User.objects.filter(pk=alice.pk).update(phone=None)
    seen.append(User.objects.get(pk=alice.pk).phone_changed_at)
    assert None not in seen
    assert sorted(set(seen)) == seen


# --- How it ends


def test_it_ends_in_one_commit_with_its_transaction(alice):
    record = waiting_withdrawal(alice, 300_00)
    operations.settle(transaction_id=record.pk, receipt="SG632NMUAB", rail_id="AG_1")
    attempt = Attempt.objects.get(transaction=record)
    assert (attempt.state, attempt.receipt, attempt.rail_id) == ("SUCCEEDED", "SG632NMUAB", "AG_1")
    assert attempt.ended_at == Transaction.objects.get(pk=record.pk).settled_at
    assert violations() == []


def test_a_failure_keeps_the_reason(alice):
    record = waiting_withdrawal(alice, 300_00)
    operations.fail(transaction_id=record.pk, code="2040", words="Not registered")
    attempt = Attempt.objects.get(transaction=record)
    assert (attempt.state, attempt.failure_code, attempt.failure_words) == (
        "FAILED",
        "2040",
        "Not registered",
    )


@pytest.mark.parametrize("verb", [operations.settle, operations.fail])
@pytest.mark.parametrize("cents", [300_00, 60_000_00])
def test_what_was_never_sent_has_not_ended(rich, verb, cents):
    attempt = unclaimed(rich, cents)
    with nothing_moves(), pytest.raises(payment_errors.NeverSent):
        verb(transaction_id=attempt.transaction_id)


def test_a_receipt_is_taken_once(alice):
    first, second = waiting_withdrawal(alice, 1_00), waiting_withdrawal(alice, 2_00)
    operations.settle(transaction_id=first.pk, receipt="SG632NMUAB")
    with nothing_moves(), pytest.raises(payment_errors.ReceiptTaken, match=first.reference):
        operations.settle(transaction_id=second.pk, receipt="SG632NMUAB")


def test_an_old_workers_failure_does_not_count(alice):
    record = waiting_withdrawal(alice, 300_00)
    Attempt.objects.filter(transaction=record).update(fence=2)
    with nothing_moves(), pytest.raises(payment_errors.Superseded):
        operations.fail(transaction_id=record.pk, fence=1)
    assert operations.fail(transaction_id=record.pk, fence=2).status == "FAILED"


def test_only_what_was_never_sent_is_cancelled(alice):
    attempt = unclaimed(alice)
    record = operations.cancel(transaction_id=attempt.transaction_id, code="c", words="w")
    assert (record.status, balance(alice)) == ("FAILED", 1_000_00)
    assert Attempt.objects.get().state == "CANCELLED"
    gone = waiting_withdrawal(alice, 300_00)
    with nothing_moves(), pytest.raises(payment_errors.AlreadySent):
        operations.cancel(transaction_id=gone.pk, code="c", words="w")
    assert_books_right()
    assert violations() == []
