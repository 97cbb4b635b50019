"""Two people who agree end a payment whose outcome is unknown."""

from __future__ import annotations

import pytest

from ledger.models import Attempt, Transaction, Verdict
from ledger.payment_errors import ReceiptTaken
from ledger.payouts import leases, operations, worker
from tests.books import nothing_moves
from tests.conftest import staff
from tests.factories import balance
from tests.ledger.support import paya
from tests.ledger.support.payouts import (
    acts,
    assert_right,
    by,
    go_on,
    make_due,
    now_is,
    say,
    sent,
    state,
)
from wallet.errors import NotAllowed, Refusal, TooLate
from wallet.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("approval_for_every_payout")]

HELD = 1_000_00


@pytest.fixture
def unknown(alice, rail, settings) -> Attempt:
    """One whose rail says nothing."""
    settings.APPROVE_ONE_ABOVE_CENTS = 10**9
    rail.script = lambda call, reference: "lost"
    return sent(alice)


def judge(person: User, attempt: Attempt, outcome: str = "paid", receipt: str = "R1") -> Attempt:
    return operations.resolve(
        by(person),
        attempt_id=attempt.pk,
        outcome=outcome,
        evidence="Line 12 of the statement",
        receipt=receipt if outcome == "paid" else "",
    )


def test_two_people_who_agree_end_what_is_unknown(alice, unknown, wambui, joseph):
    assert judge(wambui, unknown).state == "UNKNOWN"
    assert judge(wambui, unknown).is_replay
    ended = judge(joseph, unknown)
    assert (ended.state, ended.receipt) == ("SUCCEEDED", "R1")
    assert Transaction.objects.get(pk=unknown.transaction_id).status == "SUCCESS"
    assert acts() == ["judge_payment"] * 2
    assert_right()
    with nothing_moves():
        assert judge(joseph, unknown).is_replay


def test_two_people_who_agree_that_it_was_not_paid_give_it_back(alice, unknown, wambui, joseph):
    judge(wambui, unknown, "not_paid")
    assert judge(joseph, unknown, "not_paid").state == "FAILED"
    assert balance(alice) == HELD
    assert_right()


def test_people_who_disagree_end_nothing_and_the_latest_word_counts(
    alice, unknown, wambui, joseph, finance
):
    judge(wambui, unknown)
    judge(joseph, unknown, "not_paid")
    judge(wambui, unknown, "paid", "R2")
    assert judge(finance, unknown, "paid", "R1").state == "UNKNOWN"
    assert judge(joseph, unknown, "paid", "R2").receipt == "R2"


def test_two_against_two_agree_on_nothing(unknown, wambui, joseph, finance):
    """As when a worker was asking while the first two agreed."""
    fourth = staff("finance", "Zuri Fourth")
    for person, receipt in ((wambui, "R1"), (joseph, "R1"), (finance, ""), (fourth, "")):
        outcome = "paid" if receipt else "not_paid"
        said = {"person": person, "person_name": person.name, "evidence": "The statement"}
        Verdict.objects.create(attempt=unknown, outcome=outcome, receipt=receipt, **said)
    with nothing_moves():
        assert operations.end_agreed() == 0


@pytest.mark.parametrize(
    ("outcome", "evidence", "receipt"),
    [("paid", "x", ""), ("not_paid", "x", "R1"), ("paid", " ", "R1"), ("perhaps", "x", "")],
)
def test_a_verdict_has_evidence_and_what_was_paid_a_receipt(
    unknown, wambui, outcome, evidence, receipt
):
    with nothing_moves(), pytest.raises(Refusal):
        operations.resolve(
            by(wambui), attempt_id=unknown.pk, outcome=outcome, evidence=evidence, receipt=receipt
        )
    assert not Verdict.objects.exists()


def test_only_what_is_unknown_is_resolved(alice, rail, wambui, settings):
    settings.APPROVE_ONE_ABOVE_CENTS = 10**9
    attempt = sent(alice)
    with nothing_moves(), pytest.raises(TooLate):
        judge(wambui, attempt)


def test_only_finance_resolves_and_not_their_own(unknown, alice, auditor):
    for person in (alice, auditor):
        with nothing_moves(), pytest.raises(NotAllowed):
            judge(person, unknown)


def test_the_receipt_of_another_payment_resolves_nothing(alice, rail, unknown, wambui):
    rail.script = paya.as_it_should
    other = sent(alice, 10_00)
    say(rail, other)
    with nothing_moves(), pytest.raises(ReceiptTaken):
        judge(wambui, unknown, receipt=f"R1-{other.reference}")


def test_a_receipt_typed_in_any_case_and_spacing_is_the_same(alice, rail, unknown, wambui, joseph):
    rail.script = paya.as_it_should
    other = sent(alice, 10_00)
    say(rail, other)
    with nothing_moves(), pytest.raises(ReceiptTaken):
        judge(wambui, unknown, receipt=f" r1-{other.reference.lower()} ")
    judge(wambui, unknown, receipt="uks 1")
    assert judge(joseph, unknown, receipt="UKS1").receipt == "UKS1"


def test_the_rail_may_be_faster_than_the_second_person(alice, rail, unknown, wambui, joseph):
    judge(wambui, unknown, "not_paid")
    rail.carry_out(paya.Instruction(unknown.reference, 300_00))
    assert say(rail, unknown) == "applied"
    with nothing_moves(), pytest.raises(TooLate):
        judge(joseph, unknown, "not_paid")


def test_a_late_success_after_people_gave_it_back_is_in_suspense(
    alice, rail, unknown, wambui, joseph
):
    judge(wambui, unknown, "not_paid")
    judge(joseph, unknown, "not_paid")
    rail.carry_out(paya.Instruction(unknown.reference, 300_00))
    assert say(rail, unknown) == "late_success"
    assert balance(alice) == HELD
    assert_right()


def test_the_worker_ends_what_was_agreed_and_left(alice, unknown, wambui, joseph, monkeypatch):
    judge(wambui, unknown, "not_paid")
    with monkeypatch.context() as crash:
        crash.setattr(operations, "end_as_agreed", lambda *args: False)
        judge(joseph, unknown, "not_paid")
    assert state(unknown) == "UNKNOWN"
    assert operations.end_agreed() == 1
    assert (state(unknown), balance(alice)) == ("FAILED", HELD)
    assert operations.end_agreed() == 0


def test_a_worker_at_it_goes_first(alice, rail, unknown, wambui, joseph, monkeypatch):
    """What two people agreed on waits while a worker asks the rail, which may know."""
    judge(wambui, unknown, "not_paid")
    really = operations.judge

    def worker_claims(*args):
        said = really(*args)
        now_is(unknown, seconds=40)
        assert leases.claim()
        return said

    monkeypatch.setattr(operations, "judge", worker_claims)
    assert judge(joseph, unknown, "not_paid").state == "UNKNOWN"
    assert operations.end_agreed() == 0
    now_is(unknown, seconds=200)
    assert operations.end_agreed() == 1


def test_what_a_person_has_judged_is_not_sent_again(alice, rail, unknown, wambui, joseph):
    """Its first request was lost. Sent again and paid, it would be given back by old findings."""
    judge(wambui, unknown, "not_paid")
    rail.script = lambda call, reference: "" if call == "ask" else "done_but_lost"
    assert go_on(unknown) == "UNKNOWN"
    make_due()
    claimed = leases.claim(unknown.pk)
    assert claimed
    assert judge(joseph, unknown, "not_paid").state == "UNKNOWN"
    worker.handle(claimed)
    assert operations.end_agreed() == 1
    assert (state(unknown), balance(alice)) == ("FAILED", HELD)
    assert not rail.lines()
    assert_right()


def test_the_answer_to_a_question_does_not_send_what_was_judged_again(rail, unknown, wambui):
    rail.script = lambda call, reference: "by callback"
    go_on(unknown)
    judge(wambui, unknown, "not_paid")
    said = {"outcome": "not_taken", "lookup_id": f"Q-{unknown.reference}", "reference": ""}
    assert say(rail, unknown, rail_id="", **said) == "no_news"
    assert state(unknown) == "UNKNOWN"
