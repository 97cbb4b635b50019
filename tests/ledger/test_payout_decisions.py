"""People approve, refuse, cancel, pause and resolve: each decision once, by those who may."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from ledger.errors import AlreadySent, ReceiptTaken
from ledger.models import Approval, Attempt, Pause, Transaction, Verdict
from ledger.payouts import operations, worker
from ledger.rails import Alarm, Answer, Outcome
from tests.books import nothing_moves
from tests.factories import balance, deposit, send, withdraw
from tests.ledger.support import paya
from tests.ledger.test_payout_callbacks import say, sent
from tests.ledger.test_payout_worker import assert_right, now_is, script, state
from wallet.context import SYSTEM, Context
from wallet.errors import NotAllowed, Refusal, TooLate
from wallet.models import AuditEvent, User
from wallet.staff import audit, subjects

pytestmark = pytest.mark.django_db

HELD = 1_000_00
DECISIONS = [operations.approve, operations.refuse]


@pytest.fixture
def rail(alice, settings):
    settings.APPROVE_ONE_ABOVE_CENTS = 0
    with paya.known() as rail:
        yield rail


@pytest.fixture
def held(alice, rail) -> Attempt:
    return Attempt.objects.get(transaction=withdraw(alice, 300_00))


@pytest.fixture
def unknown(alice, rail, settings) -> Attempt:
    """One whose rail says nothing."""
    settings.APPROVE_ONE_ABOVE_CENTS = 10**9
    rail.script = lambda call, reference: "lost"
    return sent(alice)


def by(person: User, reason: str = "As agreed") -> Context:
    return Context(person.pk, "10.0.0.1", reason)


def decide(verb, person: User, attempt: Attempt, **more: str) -> Attempt:
    seen = {"fingerprint": attempt.fingerprint} | more
    return verb(by(person), attempt_id=attempt.pk, **seen)


def acts() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


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
    act = AuditEvent.objects.get()
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
    with nothing_moves(), pytest.raises(Attempt.DoesNotExist):
        operations.cancel(Context(alice.pk), transaction_id=record.pk)


# --- Pause


def test_finance_pauses_and_two_people_let_it_go_on(held, wambui, joseph):
    pause = operations.pause(by(wambui), rail="paya")
    assert operations.pause(by(wambui), rail="paya").is_replay
    with pytest.raises(Refusal, match="propose this first"):
        operations.lift(by(joseph), pause_id=pause.pk)
    operations.propose_lift(by(wambui), pause_id=pause.pk)
    assert operations.propose_lift(by(wambui), pause_id=pause.pk).is_replay
    with pytest.raises(NotAllowed, match="You proposed"):
        operations.lift(by(wambui), pause_id=pause.pk)
    decide(operations.approve, wambui, held)
    assert worker.do_due() == 0
    operations.lift(by(joseph), pause_id=pause.pk)
    assert operations.lift(by(joseph), pause_id=pause.pk).is_replay
    assert worker.do_due() == 1
    assert acts() == ["pause_payouts", "propose_lift", "approve_payout", "lift_pause"]
    for late in (operations.lift, operations.propose_lift):
        with pytest.raises(TooLate):
            late(by(wambui), pause_id=pause.pk)


def test_only_finance_pauses_and_lifts(rail, auditor, operator, alice, wambui):
    pause = operations.pause(by(wambui))
    operations.propose_lift(by(wambui), pause_id=pause.pk)
    for person in (auditor, operator, alice):
        with pytest.raises(NotAllowed):
            operations.pause(by(person))
        for verb in (operations.propose_lift, operations.lift):
            with pytest.raises(NotAllowed):
                verb(by(person), pause_id=pause.pk)
    assert Pause.objects.holding(timezone.now()).count() == 1


def test_a_pause_has_a_reason_and_an_end_that_lies_ahead(rail, wambui):
    with pytest.raises(Refusal):
        operations.pause(Context(wambui.pk))
    with pytest.raises(Refusal):
        operations.pause(by(wambui), until=timezone.now())
    pause = operations.pause(by(wambui), until=timezone.now() + timedelta(hours=1))
    assert not Pause.objects.holding(pause.until).exists()


def test_the_system_pauses_once(rail):
    first = operations.pause(SYSTEM.because("The books don't balance"))
    assert operations.pause(SYSTEM.because("They still don't")) == first
    assert first.paused_by is None


def test_a_rail_that_says_it_is_our_mistake_stops_payouts(alice, rail, settings):
    settings.APPROVE_ONE_ABOVE_CENTS = 10**9
    rail.pay = lambda asked: Answer(Outcome.NOT_TAKEN, code="2001", alarm=Alarm.STOP)
    attempt = sent(alice)
    pause = Pause.objects.get()
    assert (pause.rail, pause.paused_by) == ("paya", None)
    assert state(attempt) == "READY"
    Attempt.objects.update(next_look_at=timezone.now())
    assert worker.do_due() == 0


# --- Resolve


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
        judge(wambui, unknown, receipt=f"R-{other.reference}")


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
        assert worker.claim()
        return said

    monkeypatch.setattr(operations, "judge", worker_claims)
    assert judge(joseph, unknown, "not_paid").state == "UNKNOWN"
    assert operations.end_agreed() == 0
    now_is(unknown, seconds=200)
    assert operations.end_agreed() == 1
