"""Two people in finance reverse a transaction: one proposes, the other decides."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from adminpanel.models import ReversalProposal
from adminpanel.reversals import operations as reversals
from ledger import operations
from ledger.models import Transaction
from tests.adminpanel.support.proposals import State, acts, page_of, propose, url
from tests.api.support.calls import by_token
from tests.books import assert_books_right, nothing_moves
from tests.conftest import signed_in, staff
from tests.factories import balance, deposit, send, withdraw
from tests.pages import text
from tests.unsettled import with_status
from wallet.context import Context
from wallet.errors import Busy, NotAllowed, Refusal, TooLate
from wallet.models import AuditEvent
from wallet.web.fields import KeyField

pytestmark = pytest.mark.django_db


def test_a_proposal_moves_nothing(record, wambui):
    with nothing_moves():
        proposal = propose(record, wambui, "Sent twice.")
    assert proposal.state == State.PROPOSED
    assert acts(record) == [("propose", "Wambui Kariuki")]
    assert AuditEvent.objects.acts().get().reason == "Sent twice."


def test_a_colleagues_approval_reverses_the_transaction(record, wambui, joseph, alice, bob):
    proposal = reversals.approve(
        Context(joseph.pk, ip_address="10.0.0.1"), proposal_id=propose(record, wambui).pk
    )
    assert proposal.state == State.POSTED
    assert (balance(alice), balance(bob)) == (1_000_00, 0)
    reversal = Transaction.objects.get(reverses=record)
    assert reversal.created_by == joseph
    assert reversal.idempotency_key == f"reversal {proposal.pk}"
    assert acts(record) == [
        ("propose", "Wambui Kariuki"),
        ("approve", "Joseph Kiprono"),
        ("reverse", "Joseph Kiprono"),
    ]
    last = AuditEvent.objects.acts().latest("pk")
    assert last.facts["reversal"] == reversal.reference
    assert last.ip_address == "10.0.0.1"
    assert_books_right()


def test_the_approvers_own_payments_cannot_block_a_reversal(record, wambui, joseph, bob):
    """Keys are unique per owner, so no client may send a key that equals a reversal's."""
    proposal = propose(record, wambui)
    key = reversals.key_of(proposal)
    body = {"user_id": joseph.pk, "amount_cents": 1}
    for each, status in ((key, 400), (key.replace(" ", "-"), 201)):
        answer = by_token(joseph).post("/api/deposit", body, key=each)
        assert answer.status_code == status
    with pytest.raises(ValidationError):
        KeyField().clean(key)
    assert reversals.approve(Context(joseph.pk), proposal_id=proposal.pk).state == State.POSTED
    assert balance(bob) == 0
    assert_books_right()


def test_a_deposit_can_be_reversed(wambui, joseph, bob):
    record = deposit(bob, 50_00)
    reversals.approve(Context(joseph.pk), proposal_id=propose(record, wambui).pk)
    assert balance(bob) == 0
    assert_books_right()


def test_the_proposer_cannot_decide(record, wambui):
    proposal = propose(record, wambui)
    for act in (reversals.approve, reversals.deny):
        with nothing_moves(), pytest.raises(NotAllowed, match="someone else must decide"):
            act(Context(wambui.pk, reason="No."), proposal_id=proposal.pk)
    proposal.refresh_from_db()
    assert proposal.state == State.PROPOSED
    assert acts(record) == [("propose", "Wambui Kariuki")]


@pytest.mark.parametrize("state", [State.APPROVED, State.DENIED])
def test_the_database_refuses_a_decision_by_the_proposer(record, wambui, state):
    proposal = propose(record, wambui)
    with pytest.raises(IntegrityError, match="proposal_decided_by_another"), transaction.atomic():
        ReversalProposal.objects.filter(pk=proposal.pk).update(
            state=state, decided_by=wambui, decided_at=timezone.now()
        )


def test_only_the_proposer_may_withdraw(record, wambui, joseph):
    proposal = propose(record, wambui)
    with pytest.raises(NotAllowed, match="Only Wambui Kariuki"):
        reversals.withdraw(Context(joseph.pk), proposal_id=proposal.pk)
    with nothing_moves():
        done = reversals.withdraw(Context(wambui.pk), proposal_id=proposal.pk)
    assert done.state == State.WITHDRAWN
    assert acts(record)[-1] == ("withdraw", "Wambui Kariuki")


def test_a_decision_is_final(record, wambui, joseph, time_machine):
    time_machine.move_to("2026-11-25T07:03:00+00:00", tick=False)
    proposal = propose(record, wambui)
    reversals.deny(Context(joseph.pk, reason="It was right."), proposal_id=proposal.pk)
    third = staff("finance", "Zuri Third")
    for act, actor in (
        (reversals.approve, third),
        (reversals.deny, third),
        (reversals.withdraw, wambui),
    ):
        with nothing_moves(), pytest.raises(TooLate) as refusal:
            act(Context(actor.pk, reason="No."), proposal_id=proposal.pk)
        assert str(refusal.value) == "Joseph Kiprono already denied this at 10:03."
    proposal.refresh_from_db()
    assert (proposal.state, proposal.remark) == (State.DENIED, "It was right.")


def test_a_denied_reversal_may_be_proposed_again(record, wambui, joseph):
    first = propose(record, wambui)
    reversals.deny(Context(joseph.pk, reason="Ask Bob first."), proposal_id=first.pk)
    second = propose(record, wambui)
    assert reversals.approve(Context(joseph.pk), proposal_id=second.pk).state == State.POSTED


def test_a_proposal_stays_open_while_the_money_is_missing(record, wambui, joseph, alice, bob):
    proposal = propose(record, wambui)
    withdraw(bob, 100_00)
    with nothing_moves(), pytest.raises(Refusal, match="can't be taken back from it"):
        reversals.approve(Context(joseph.pk), proposal_id=proposal.pk)
    assert acts(record) == [("propose", "Wambui Kariuki")]
    deposit(bob, 100_00)
    done = reversals.approve(Context(joseph.pk), proposal_id=proposal.pk)
    assert done.state == State.POSTED
    assert balance(alice) == 1_000_00
    assert_books_right()


def test_the_person_is_checked_before_the_money(record, wambui, bob):
    proposal = propose(record, wambui)
    withdraw(bob, 100_00)
    with pytest.raises(NotAllowed):
        reversals.approve(Context(wambui.pk), proposal_id=proposal.pk)


def test_a_reversal_is_refused_if_the_money_leaves_after_the_decision(record, wambui, joseph, bob):
    proposal = propose(record, wambui)
    reversals.decide(Context(joseph.pk), proposal.pk, State.APPROVED)
    withdraw(bob, 100_00)
    with nothing_moves():
        done = reversals.post(proposal.pk)
    assert done.state == State.REFUSED
    assert done.remark.replace("\u00a0", " ") == (
        "The wallet holds KES 200.00, so KES 300.00 can't be taken back from it."
    )
    assert [act for act, _who in acts(record)] == ["propose", "approve", "refuse"]
    deposit(bob, 100_00)
    assert reversals.post(proposal.pk).state == State.REFUSED
    assert not Transaction.objects.filter(reverses=record).exists()


def test_a_reversal_is_refused_if_another_one_came_first(record, wambui, joseph, alice):
    proposal = propose(record, wambui)
    other = operations.reverse(Context(alice.pk), transaction_id=record.pk)
    done = reversals.approve(Context(joseph.pk), proposal_id=proposal.pk)
    assert done.state == State.REFUSED
    assert other.reference in done.remark
    assert_books_right()


def test_the_worker_posts_an_approval_that_met_a_busy_ledger(
    record, wambui, joseph, bob, monkeypatch
):
    proposal = propose(record, wambui)

    def busy(*_given, **_asks):
        raise Busy

    with monkeypatch.context() as patch, nothing_moves():
        patch.setattr(operations, "reverse", busy)
        done = reversals.approve(Context(joseph.pk), proposal_id=proposal.pk)
        assert done.state == State.APPROVED
        assert "The reversal will be posted shortly" in text(signed_in(joseph).get(url(proposal)))
        assert "The reversal will be posted shortly" in text(signed_in(joseph).get(page_of(record)))
        assert reversals.post_approved() == 0
    assert reversals.post_approved() == 1
    assert reversals.post_approved() == 0
    proposal.refresh_from_db()
    assert proposal.state == State.POSTED
    assert Transaction.objects.get(reverses=record).created_by == joseph
    assert balance(bob) == 0
    assert [act for act, _who in acts(record)] == ["propose", "approve", "reverse"]


def test_a_posted_reversal_overrides_an_earlier_refusal(record, wambui, joseph, bob):
    """Two workers posted it and money came back between them: one was refused, one was not."""
    proposal = reversals.decide(Context(joseph.pk), propose(record, wambui).pk, State.APPROVED)
    reversals.close(proposal.pk, "The money is gone.", "")
    operations.reverse(Context(joseph.pk, key=reversals.key_of(proposal)), transaction_id=record.pk)
    assert reversals.close(proposal.pk, "", "").state == State.POSTED
    assert reversals.close(proposal.pk, "The money is gone.", "").state == State.POSTED
    assert [act for act, _ in acts(record)] == ["propose", "approve", "refuse", "reverse"]


def test_a_refusal_after_the_posting_is_ignored(record, wambui, joseph):
    proposal = reversals.decide(Context(joseph.pk), propose(record, wambui).pk, State.APPROVED)
    operations.reverse(Context(joseph.pk, key=reversals.key_of(proposal)), transaction_id=record.pk)
    done = reversals.close(proposal.pk, "The money is gone.", "")
    assert (done.state, done.remark) == (State.POSTED, "")
    assert [act for act, _ in acts(record)] == ["propose", "approve", "reverse"]


def test_only_completed_deposits_and_transfers_can_be_proposed(record, wambui, joseph, alice, bob):
    proposal = propose(record, wambui)
    reversals.approve(Context(joseph.pk), proposal_id=proposal.pk)
    reversal = Transaction.objects.get(reverses=record)
    refusals = [
        (withdraw(alice, 5_00), "This money has left Nissmart"),
        (with_status(deposit(bob, 1_00), "PENDING"), "hasn't settled yet"),
        (with_status(deposit(bob, 1_00), "FAILED"), "no money moved"),
        (reversal, "A reversal can't be reversed."),
        (record, f"Already reversed by {reversal.reference}"),
    ]
    for refused, sentence in refusals:
        with pytest.raises(Refusal, match=sentence):
            propose(refused, wambui)
        assert reversals.obstacle(refused)
    assert ReversalProposal.objects.count() == 1


def test_a_transaction_has_one_open_proposal_at_a_time(record, wambui, joseph):
    propose(record, wambui)
    with pytest.raises(Refusal, match="Wambui Kariuki proposed to reverse this at"):
        propose(record, joseph)
    with pytest.raises(IntegrityError), transaction.atomic():
        ReversalProposal.objects.create(
            amount_cents=1_00, transaction=record, reason="x", proposed_by=joseph
        )


def test_a_posting_that_fails_does_not_block_the_others(
    record, wambui, joseph, alice, bob, monkeypatch
):
    broken = propose(record, wambui)
    sound = propose(send(alice, bob, 50_00), wambui)
    for proposal in (broken, sound):
        reversals.decide(Context(joseph.pk), proposal.pk, State.APPROVED)
    really = operations.reverse

    def fails_for_the_first(*given, **asks):
        if asks["transaction_id"] == record.pk:
            raise ValueError("a broken row")
        return really(*given, **asks)

    with monkeypatch.context() as patch:
        patch.setattr(operations, "reverse", fails_for_the_first)
        with pytest.raises(ExceptionGroup) as failures:
            reversals.post_approved()
    [failure] = failures.value.exceptions
    assert (str(failure), failure.__notes__) == ("a broken row", [f"reversal {broken.pk}"])
    sound.refresh_from_db()
    broken.refresh_from_db()
    assert (sound.state, broken.state) == (State.POSTED, State.APPROVED)
    assert reversals.post_approved() == 1


def test_a_refused_proposal_is_corrected_if_its_reversal_was_posted(record, wambui, joseph, bob):
    """One worker found an empty wallet and recorded a refusal. A moment later, another one
    posted the reversal and died."""
    proposal = propose(record, wambui)
    reversals.decide(Context(joseph.pk), proposal.pk, State.APPROVED)
    withdraw(bob, 300_00)
    assert reversals.post(proposal.pk).state == State.REFUSED
    assert reversals.post_approved() == 0
    proposal.refresh_from_db()
    assert proposal.state == State.REFUSED
    deposit(bob, 300_00)
    made = operations.reverse(
        Context(joseph.pk, key=reversals.key_of(proposal)), transaction_id=record.pk
    )
    reversals.post_approved()
    proposal.refresh_from_db()
    assert (proposal.state, proposal.remark) == (State.POSTED, "")
    assert acts(record)[-1] == ("reverse", "Joseph Kiprono")
    assert AuditEvent.objects.acts().first().facts["reversal"] == made.reference
    count = AuditEvent.objects.acts().count()
    reversals.post_approved()
    assert AuditEvent.objects.acts().count() == count
    assert_books_right()
