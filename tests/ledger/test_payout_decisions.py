"""People approve, refuse, cancel, pause and resolve: each decision once, by those who may."""

from __future__ import annotations

import pytest
from django.test import override_settings

from ledger.models import Approval, Attempt
from ledger.payment_errors import AlreadySent
from ledger.payouts import operations, worker
from tests.books import nothing_moves
from tests.factories import balance, deposit, send, withdraw
from tests.ledger.support import paya
from tests.ledger.support.payouts import (
    acts,
    assert_right,
    decide,
    now_is,
    say,
    script,
    sent,
    state,
)
from wallet.context import SYSTEM, Context
from wallet.errors import NotAllowed, Refusal, TooLate
from wallet.models import AuditEvent, User
from wallet.staff import audit, subjects

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("approval_for_every_payout")]

HELD = 1_000_00
DECISIONS = [operations.approve, operations.refuse]


# --- Approve


def test_an_approved_payout_is_sent(alice, rail, held, wambui):
    assert worker.do_due() == 0
    attempt = decide(operations.approve, wambui, held)
    assert (attempt.state, attempt.approvals_given) == ("READY", 1)
    assert worker.do_due() == 1
    assert state(held) == "SENT"
    given = Approval.objects.get()
    assert (given.person, given.person_name) == (wambui, "Wambui Kariuki")
    assert (given.decision, given.reason) == ("approve", "As agreed")
    assert given.fingerprint == held.fingerprint
    act = AuditEvent.objects.acts().get()
    assert (act.action, act.subject) == (
        "approve_payout",
        f"transaction {held.transaction.reference}",
    )
    assert_right()


def test_a_very_large_one_needs_two_people(alice, rail, settings, wambui, joseph):
    settings.APPROVE_TWO_ABOVE_CENTS = 0
    attempt = Attempt.objects.get(transaction=withdraw(alice, 300_00))
    assert decide(operations.approve, wambui, attempt).state == "HELD"
    again = decide(operations.approve, wambui, attempt)
    assert (again.state, again.is_replay, again.approvals_given) == ("HELD", True, 1)
    assert worker.do_due() == 0
    assert decide(operations.approve, joseph, attempt).state == "READY"
    assert acts() == ["approve_payout"] * 2
    assert_right()


@pytest.mark.parametrize("verb", DECISIONS)
def test_people_outside_finance_decide_nothing(held, verb, auditor, operator, bob):
    for person in (auditor, operator, bob):
        with nothing_moves(), pytest.raises(NotAllowed):
            decide(verb, person, held)
    assert (state(held), acts()) == ("HELD", [])


@pytest.mark.parametrize("verb", DECISIONS)
def test_no_one_decides_about_their_own_money(rail, verb, wambui):
    deposit_to(wambui)
    attempt = Attempt.objects.get(transaction=withdraw(wambui, 300_00))
    with nothing_moves(), pytest.raises(NotAllowed, match="your own money"):
        decide(verb, wambui, attempt)


def deposit_to(user: User) -> None:
    with override_settings(RAIL="simulated"):
        deposit(user, HELD)


def test_a_newcomer_in_finance_may_refuse_and_not_approve(held, wambui):
    audit.record(
        SYSTEM,
        audit.Action.CHANGE_PERSON,
        subjects.member(wambui.pk),
        before={"groups": []},
        after={"groups": ["finance"]},
    )
    with pytest.raises(NotAllowed, match="less than 24 hours"):
        decide(operations.approve, wambui, held)
    assert decide(operations.refuse, wambui, held).state == "CANCELLED"


@pytest.mark.parametrize("verb", DECISIONS)
def test_a_decision_is_about_what_was_seen(held, verb, wambui):
    with nothing_moves(), pytest.raises(TooLate):
        decide(verb, wambui, held, fingerprint="another")
    assert state(held) == "HELD"


def test_the_fingerprint_is_of_amount_payee_and_transaction(alice, rail):
    one, two = (Attempt.objects.get(transaction=withdraw(alice, cents)) for cents in (1_00, 1_00))
    prints = {one.fingerprint, two.fingerprint}
    two.transaction = one.transaction
    assert len(prints) == 2
    assert two.fingerprint == one.fingerprint
    two.phone = "+254700000009"
    assert two.fingerprint != one.fingerprint


def test_what_does_not_wait_is_not_approved(held, wambui, joseph):
    decide(operations.approve, wambui, held)
    with pytest.raises(TooLate):
        decide(operations.approve, joseph, held)
    assert Approval.objects.count() == 1


# --- Refuse


def test_a_refused_payout_is_back_in_the_wallet(alice, held, wambui):
    attempt = decide(operations.refuse, wambui, held)
    assert (attempt.state, attempt.failure_code, attempt.failure_words) == (
        "CANCELLED",
        "refused",
        "As agreed",
    )
    assert balance(alice) == HELD
    assert acts() == ["refuse_payout"]
    with nothing_moves():
        assert decide(operations.refuse, wambui, held).is_replay
    assert acts() == ["refuse_payout"]
    assert_right()


def test_a_refusal_has_a_reason(held, wambui):
    with nothing_moves(), pytest.raises(Refusal, match="Say why"):
        operations.refuse(Context(wambui.pk), attempt_id=held.pk, fingerprint=held.fingerprint)


def test_an_approved_payout_may_still_be_refused_by_another_before_it_is_sent(
    alice, held, wambui, joseph
):
    decide(operations.approve, wambui, held)
    with pytest.raises(TooLate, match="a colleague refuses"):
        decide(operations.refuse, wambui, held)
    assert decide(operations.refuse, joseph, held).state == "CANCELLED"
    assert balance(alice) == HELD
    with pytest.raises(TooLate):
        decide(operations.approve, joseph, held)
    assert_right()


@pytest.mark.parametrize("verb", DECISIONS)
def test_what_a_colleague_has_ended_is_too_late(held, verb, wambui, joseph):
    decide(operations.refuse, wambui, held)
    with nothing_moves(), pytest.raises(TooLate):
        decide(verb, joseph, held)


def test_what_was_sent_is_not_refused(held, wambui, joseph):
    decide(operations.approve, wambui, held)
    worker.do_due()
    with nothing_moves(), pytest.raises(AlreadySent):
        decide(operations.refuse, joseph, held)


# --- Cancel


def test_its_member_cancels_what_waits(alice, held):
    attempt = operations.cancel(Context(alice.pk), transaction_id=held.transaction_id)
    assert (attempt.state, attempt.failure_code, balance(alice)) == ("CANCELLED", "cancelled", HELD)
    with nothing_moves():
        assert operations.cancel(Context(alice.pk), transaction_id=held.transaction_id).is_replay
    assert_right()


def test_only_its_member_cancels_it(held, bob, wambui):
    for person in (bob, wambui):
        with nothing_moves(), pytest.raises(NotAllowed):
            operations.cancel(Context(person.pk), transaction_id=held.transaction_id)


def test_a_payment_on_its_way_is_not_cancelled(alice, held, wambui):
    decide(operations.approve, wambui, held)
    worker.do_due()
    with nothing_moves(), pytest.raises(AlreadySent):
        operations.cancel(Context(alice.pk), transaction_id=held.transaction_id)
    say(paya.PAYA, held)
    with nothing_moves(), pytest.raises(TooLate):
        operations.cancel(Context(alice.pk), transaction_id=held.transaction_id)


def test_what_may_have_been_sent_once_is_not_cancelled(alice, rail, settings):
    """The rail never saw the first request; it may still be on its way."""
    settings.APPROVE_ONE_ABOVE_CENTS = 10**9
    script(rail, "lost")
    attempt = sent(alice)
    now_is(attempt, seconds=40)
    worker.do_due()
    assert state(attempt) == "READY"
    with nothing_moves(), pytest.raises(AlreadySent):
        operations.cancel(Context(alice.pk), transaction_id=attempt.transaction_id)


def test_a_refused_payment_was_not_cancelled_by_its_member(alice, held, wambui):
    decide(operations.refuse, wambui, held)
    with nothing_moves(), pytest.raises(TooLate):
        operations.cancel(Context(alice.pk), transaction_id=held.transaction_id)


def test_what_has_no_attempt_is_not_cancelled(alice, bob):
    record = send(alice, bob, 1_00)
    with nothing_moves(), pytest.raises(TooLate, match="instant"):
        operations.cancel(Context(alice.pk), transaction_id=record.pk)
