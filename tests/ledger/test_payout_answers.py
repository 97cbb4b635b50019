"""What a rail says counts as far as it fits the payment: a success always, a failure if certain."""

from __future__ import annotations

import json

import pytest
from django.utils import timezone

from ledger.models import Attempt, Transaction
from ledger.payouts import operations, worker
from tests.books import assert_books_right, nothing_moves
from tests.factories import balance, deposit, withdraw
from tests.ledger.support import paya
from tests.ledger.support.payouts import (
    assert_right,
    hear,
    now_is,
    say,
    script,
    sent,
    state,
    suspense_cents,
)
from wallet.context import Context

pytestmark = pytest.mark.django_db

HELD = 1_000_00


def test_the_same_message_again_changes_nothing(alice, rail):
    attempt = sent(alice)
    assert say(rail, attempt) == "applied"
    with nothing_moves():
        assert [say(rail, attempt) for _again in range(3)] == ["duplicate"] * 3


def test_a_failure_gives_the_money_back(alice, rail):
    rail.fails = lambda reference: True
    attempt = sent(alice)
    assert say(rail, attempt, code="2040") == "applied"
    assert (state(attempt), balance(alice), attempt.failure_code) == ("FAILED", HELD, "2040")
    with nothing_moves():
        assert say(rail, attempt) == "duplicate"
    assert_right()


@pytest.mark.parametrize("outcome", ["accepted", "pending"])
def test_what_is_no_news_changes_nothing(alice, rail, outcome):
    attempt = sent(alice)
    with nothing_moves():
        assert say(rail, attempt, outcome=outcome) == "no_news"
    assert state(attempt) == "SENT"


def test_a_timeout_is_no_failure(alice, rail):
    attempt = sent(alice)
    with nothing_moves():
        assert say(rail, attempt, outcome="unknown", receipt="") == "no_news"
    assert state(attempt) == "UNKNOWN"
    assert say(rail, attempt) == "applied"
    assert state(attempt) == "SUCCEEDED"


def test_a_failure_after_a_success_changes_nothing_and_is_an_incident(alice, rail):
    attempt = sent(alice)
    say(rail, attempt)
    with nothing_moves():
        assert say(rail, attempt, outcome="failed", receipt="") == "contradiction"


def test_a_payout_paid_after_its_return_is_in_suspense(alice, rail):
    attempt = sent(alice)
    assert say(rail, attempt, outcome="failed", receipt="") == "applied"
    assert balance(alice) == HELD
    assert say(rail, attempt) == "late_success"
    assert balance(alice) == HELD
    assert suspense_cents() == -300_00
    stray = Transaction.objects.get(type="STRAY_OUT")
    assert (stray.rail, stray.amount_cents, stray.status) == ("paya", 300_00, "SUCCESS")
    with nothing_moves():
        assert say(rail, attempt) == "duplicate"
        assert say(rail, attempt, receipt="") == "duplicate"
        # More money may have left than the books know of.
        assert say(rail, attempt, receipt="R-other") == "other_receipt"
    assert_right()


def test_the_receipt_of_another_payout_moves_nothing_twice(alice, rail):
    """A message says that a failed payout was paid after all, under the receipt of a paid one."""
    paid, failed = sent(alice), sent(alice)
    say(rail, paid)
    say(rail, failed, outcome="failed", receipt="")
    with nothing_moves():
        taken = f"R1-{paid.reference}"
        assert say(rail, failed, receipt=taken) == "receipt_taken"
        assert say(rail, failed, receipt=taken, cents=1_00) == "receipt_taken"
    assert_right()


def test_a_deposit_that_arrives_after_it_failed_is_in_suspense(alice, rail):
    attempt = sent(alice, move=deposit)
    say(rail, attempt, outcome="failed", receipt="")
    assert say(rail, attempt) == "late_success"
    assert (suspense_cents(), balance(alice)) == (300_00, HELD)
    with nothing_moves():
        assert say(rail, attempt) == "duplicate"
        assert say(rail, attempt, receipt="R-other") == "other_receipt"
    assert_right()


def test_a_deposit_of_another_amount_is_in_suspense_and_not_in_the_wallet(alice, rail):
    attempt = sent(alice, move=deposit)
    assert say(rail, attempt, cents=200_00) == "wrong_amount"
    assert (suspense_cents(), balance(alice)) == (200_00, HELD)
    assert (state(attempt), attempt.failure_code) == ("FAILED", "other_amount")
    with nothing_moves():
        assert say(rail, attempt, cents=200_00) == "duplicate"
        # Then the first may have been forged, and this is money that nothing holds.
        assert say(rail, attempt) == "late_success"
    assert_right()


def test_a_payout_of_another_amount_is_for_people(alice, rail):
    attempt = sent(alice)
    with nothing_moves():
        assert say(rail, attempt, cents=200_00) == "wrong_amount"
    assert (state(attempt), attempt.next_look_at) == ("UNKNOWN", None)
    assert say(rail, attempt, cents=300_00) == "applied"


def test_another_amount_of_what_has_ended_changes_nothing(alice, rail):
    attempt = sent(alice)
    say(rail, attempt)
    with nothing_moves():
        assert say(rail, attempt, cents=200_00) == "wrong_amount"


def test_a_second_receipt_changes_nothing_and_is_an_incident(alice, rail):
    attempt = sent(alice)
    say(rail, attempt)
    with nothing_moves():
        assert say(rail, attempt, receipt="R-other") == "other_receipt"
    assert attempt.receipt is None
    attempt.refresh_from_db()
    assert attempt.receipt == f"R1-{attempt.reference}"


def test_a_receipt_pays_one_payment(alice, rail):
    first, second = sent(alice, 10_00), sent(alice, 20_00)
    say(rail, first)
    with nothing_moves():
        assert say(rail, second, receipt=f"R1-{first.reference}") == "receipt_taken"
    assert state(second) == "SENT"


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_what_calls_the_payment_by_another_id_is_asked_about(alice, rail, outcome):
    attempt = sent(alice)
    with nothing_moves():
        assert say(rail, attempt, rail_id="P-other", outcome=outcome) == "other_id"
    assert attempt.next_look_at > timezone.now()
    attempt.refresh_from_db()
    assert attempt.next_look_at <= timezone.now()
    worker.do_due()
    assert state(attempt) == "SUCCEEDED"


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_what_was_never_sent_can_not_have_ended(alice, rail, outcome):
    attempt = Attempt.objects.get(transaction=withdraw(alice, 300_00))
    with nothing_moves():
        assert say(rail, attempt, outcome=outcome, receipt="R1") == "never_sent"
    operations.cancel(Context(alice.pk), transaction_id=attempt.transaction_id)
    with nothing_moves():
        assert say(rail, attempt, outcome=outcome, receipt="R1") == "never_sent"


def test_a_success_counts_while_a_worker_believes_it_unsent(alice, rail):
    """The rail said "not now", and did it all the same."""
    script(rail, "busy")
    attempt = sent(alice)
    assert state(attempt) == "READY"
    body = rail.message(attempt.reference, outcome="succeeded", receipt="R1")
    assert hear(rail, body) == "applied"
    assert state(attempt) == "SUCCEEDED"
    assert worker.do_due() == 0
    assert_right()


def test_a_success_after_a_cancellation_is_in_suspense(alice, rail):
    script(rail, "busy")
    attempt = sent(alice)
    operations.cancel(Context(alice.pk), transaction_id=attempt.transaction_id)
    body = rail.message(attempt.reference, outcome="succeeded", receipt="R1")
    assert hear(rail, body) == "late_success"
    assert (suspense_cents(), balance(alice)) == (-300_00, HELD)
    assert_right()


def test_an_answer_that_the_rail_never_saw_it_sends_it_again(alice, rail):
    script(rail, "lost", "by callback")
    attempt = sent(alice)
    now_is(attempt, seconds=40)
    worker.do_due()
    said = {"outcome": "not_taken", "lookup_id": f"Q-{attempt.reference}"}
    assert hear(rail, json.dumps(said).encode()) == "applied"
    assert state(attempt) == "READY"
    Attempt.objects.update(next_look_at=timezone.now())
    worker.do_due()
    assert state(attempt) == "SENT"
    assert rail.lines() == {attempt.reference: 1}
    assert hear(rail, json.dumps(said).encode()) == "no_news"
    assert state(attempt) == "SENT"


@pytest.mark.parametrize("last", ["done_but_lost", "lost"])
def test_an_answer_from_before_it_was_sent_again_says_nothing(alice, rail, last):
    """The rail said that it never saw the payment, and was late to say so: it may have it now."""
    script(rail, "lost", "by callback")
    attempt = sent(alice)
    now_is(attempt, seconds=40)
    worker.do_due()
    now_is(attempt, seconds=70)
    worker.do_due()
    assert state(attempt) == "READY"
    script(rail, last)
    Attempt.objects.update(next_look_at=timezone.now())
    worker.do_due()
    said = {"outcome": "not_taken", "lookup_id": f"Q-{attempt.reference}"}
    assert hear(rail, json.dumps(said).encode()) == "no_news"
    assert state(attempt) == "UNKNOWN"
    now_is(attempt, seconds=130)
    worker.do_due()
    assert state(attempt) == ("READY" if last == "lost" else "SUCCEEDED")
    assert_right()


def test_a_message_while_a_worker_is_in_its_call_counts_once(alice, rail):
    """The callback comes before the answer."""
    heard = []

    def call_back_first(reference: str) -> None:
        rail.carry_out(paya.Instruction(reference, 300_00))
        heard.append(hear(rail, rail.message(reference)))

    rail.on_the_way = call_back_first
    attempt = sent(alice)
    assert heard == ["applied"]
    assert (state(attempt), attempt.receipt) == ("SUCCEEDED", f"R1-{attempt.reference}")
    assert rail.lines() == {attempt.reference: 1}
    assert_books_right()
