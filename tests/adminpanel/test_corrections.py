"""Two people in finance correct the books: one proposes, the other approves, the ledger posts."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from adminpanel.corrections import operations as corrections
from adminpanel.models import Correction
from adminpanel.models.corrections import Act
from adminpanel.models.proposals import State
from adminpanel.reversals import operations as reversals
from ledger import operations
from ledger.errors import AlreadyResolved, MoneyGone, NotAdjustable, NotInSuspense, PayerUnknown
from ledger.models import Transaction
from ledger.payouts import worker
from tests.adminpanel.support import proposals
from tests.adminpanel.support.corrections import (
    acts,
    propose,
    propose_adjustment,
    propose_assignment,
    propose_return,
)
from tests.books import nothing_moves
from tests.conftest import staff
from tests.factories import account_id, balance, deposit, withdraw
from tests.ledger.support.arrivals import CENTS, come, prompted, receipt_of, typed
from tests.ledger.support.crowd import IS_NIGHTLY, run_together
from tests.ledger.support.deaths import dies_at, points
from tests.ledger.support.payouts import assert_right, say, suspense_cents
from tests.ledger.support.suspense import PHONE, attempt_of, stray
from tests.ledger.test_crash import worth_dying_at
from wallet import house
from wallet.context import Context
from wallet.errors import Busy, NotAllowed, Refusal, TooLate

pytestmark = pytest.mark.django_db


def approve(person, proposal) -> Correction:
    return corrections.approve(Context(person.pk), proposal_id=proposal.pk)


def test_a_colleagues_approval_posts_an_adjustment(wambui, joseph, alice):
    with nothing_moves():
        proposal = propose_adjustment(wambui, alice)
    done = approve(joseph, proposal)
    record = done.posted
    assert (done.state, balance(alice)) == (State.POSTED, 980_00)
    assert (record.created_by, record.idempotency_key) == (joseph, f"correction {done.pk}")
    assert acts(done) == ["propose_correction", "approve_correction", "post_correction"]
    assert_right()


def test_a_reversed_deposit_goes_back_to_its_payer(wambui, joseph, bob):
    """All the way: reversed into suspense, returned over its rail to the phone that paid."""
    record = deposit(bob, 50_00)
    reversals.approve(Context(joseph.pk), proposal_id=proposals.propose(record, wambui).pk)
    item = Transaction.objects.get(reverses=record)
    done = approve(joseph, propose_return(wambui, item))
    assert (done.rail, done.phone, done.state) == ("simulated", bob.phone, State.POSTED)
    assert (done.posted.status, done.posted.rail) == ("SUCCESS", "simulated")
    assert (balance(bob), suspense_cents()) == (0, 0)
    assert_right()


def test_a_stray_payment_goes_back_to_the_phone_that_someone_found(rail, wambui, joseph, bob):
    item = stray(bob)
    with pytest.raises(PayerUnknown):
        propose_return(wambui, item)
    done = approve(joseph, propose_return(wambui, item, PHONE))
    assert done.posted.status == "PENDING"
    worker.do_due()
    assert attempt_of(done.posted).phone == PHONE
    assert_right()


def test_a_deposit_paid_with_another_amount_goes_back_to_the_phone_that_paid(
    rail, wambui, joseph, bob
):
    attempt = prompted(bob)
    come(rail, typed(attempt), receipt_of(attempt), CENTS + 1_00)
    item = Transaction.objects.get(type="STRAY_IN")
    # A phone that someone types doesn't count where the payer's is known.
    done = approve(joseph, propose_return(wambui, item, PHONE))
    assert (done.phone, done.posted.amount_cents) == (bob.phone, CENTS + 1_00)
    assert_right()


def test_an_item_is_assigned_to_a_member(rail, wambui, joseph, alice, bob):
    item = stray(bob)
    done = approve(joseph, propose_assignment(wambui, item, alice))
    assert (done.state, done.posted.resolves, balance(alice)) == (State.POSTED, item, 1_300_00)
    assert_right()


def test_only_two_people_of_finance_with_no_money_in_it_agree(rail, wambui, joseph, alice, bob):
    proposal = propose_adjustment(wambui, alice)
    party = staff("finance", "Alma Party")
    own = propose_adjustment(wambui, party)
    of_stray = propose_assignment(wambui, stray(party), bob)
    paid = prompted(party)
    assert say(rail, paid) == "applied"
    reversal = proposals.propose(paid.transaction, wambui)
    reversals.approve(Context(joseph.pk), proposal_id=reversal.pk)
    taken_back = Transaction.objects.get(reverses=paid.transaction)
    of_reversal = propose_assignment(wambui, taken_back, bob)
    for person, one in (
        (wambui, proposal),
        (bob, proposal),
        (staff("auditor"), proposal),
        (party, own),
        (party, of_stray),
        (party, of_reversal),
    ):
        with nothing_moves(), pytest.raises(NotAllowed):
            approve(person, one)
        with pytest.raises(NotAllowed):
            corrections.deny(Context(person.pk, reason="No."), proposal_id=one.pk)
    for person in (bob, staff("auditor")):
        with pytest.raises(NotAllowed):
            propose_adjustment(person, alice)
    with pytest.raises(NotAllowed, match="your own money"):
        propose_adjustment(party, party)
    with pytest.raises(NotAllowed, match="your own money"):
        propose_return(wambui, stray(bob), wambui.phone)
    with pytest.raises(NotAllowed, match="Only Wambui Kariuki"):
        corrections.withdraw(Context(joseph.pk), proposal_id=proposal.pk)


@pytest.mark.parametrize("state", [State.APPROVED, State.DENIED])
def test_the_database_refuses_a_decision_by_the_proposer(wambui, alice, state):
    proposal = propose_adjustment(wambui, alice)
    columns = {"state": state, "decided_by": wambui, "decided_at": timezone.now()}
    with pytest.raises(IntegrityError, match="decided_by_another"), transaction.atomic():
        Correction.objects.filter(pk=proposal.pk).update(**columns)


def test_what_the_ledger_would_never_post_cannot_be_proposed(rail, wambui, joseph, alice, bob):
    item, own = stray(bob), account_id(alice)
    lacking = {"source_id": own, "target_id": house.SUSPENSE.id, "amount_cents": 300_00}
    transit = lacking | {"target_id": house.IN_TRANSIT.id}
    propose_assignment(wambui, item, alice)
    for job, error in (
        (partial(propose, wambui, Act.ADJUST, **lacking), NotAdjustable),
        (partial(propose, wambui, Act.ADJUST, **transit), NotAdjustable),
        (partial(propose, wambui, Act.ADJUST, item_id=stray(bob).pk, **lacking), NotInSuspense),
        (partial(propose_assignment, wambui, item, alice), Refusal),
        (partial(propose_return, joseph, item, PHONE), Refusal),
        (partial(propose_assignment, wambui, deposit(alice, 1_00), alice), Refusal),
    ):
        with pytest.raises(error):
            job()
    with pytest.raises(IntegrityError, match=r"one_open_per_item|UNIQUE"), transaction.atomic():
        Correction.objects.create(
            act=Act.ASSIGN,
            item=item,
            target_id=own,
            amount_cents=1,
            reason="x",
            evidence="x",
            proposed_by=joseph,
        )


def test_the_same_form_sent_twice_is_one_proposal(wambui, alice):
    wanted = corrections.Wanted(
        Act.ADJUST, None, account_id(alice), house.ADJUSTMENTS.id, amount_cents=1_00
    )
    context = Context(wambui.pk, reason="Twice.", key="form")
    first, again = (corrections.propose(context, wanted, evidence="Seen.") for _each in range(2))
    assert first == again
    assert acts(first) == ["propose_correction"]


def test_a_proposal_stays_open_while_the_wallet_holds_too_little(wambui, joseph, alice):
    proposal = propose_adjustment(wambui, alice, 1_000_00)
    withdraw(alice, 1)
    with nothing_moves(), pytest.raises(MoneyGone):
        approve(joseph, proposal)
    deposit(alice, 1)
    assert approve(joseph, proposal).state == State.POSTED
    assert balance(alice) == 0


def test_an_item_resolved_since_is_refused(rail, wambui, joseph, alice, bob):
    """By the ledger itself, as a payment that was paid after all may do."""
    item = stray(bob)
    proposal = propose_assignment(wambui, item, alice)
    corrections.decide(Context(joseph.pk), proposal.pk, State.APPROVED)
    other = propose_assignment(wambui, stray(bob), alice)
    key = {"key": "correction other", "actor_id": joseph.pk}
    operations.assign(Context(**key), item_id=item.pk, account_id=account_id(bob))
    operations.assign(
        Context(joseph.pk, key="correction x"), item_id=other.item_id, account_id=account_id(bob)
    )
    assert corrections.post_approved() == 1
    proposal.refresh_from_db()
    assert (proposal.state, proposal.posted) == (State.REFUSED, None)
    assert "already resolved this item" in proposal.remark
    with pytest.raises(AlreadyResolved):
        approve(joseph, other)


def test_the_worker_posts_what_met_a_busy_ledger(wambui, joseph, alice, monkeypatch):
    proposal = propose_adjustment(wambui, alice)

    def busy(*_given, **_asks):
        raise Busy

    with monkeypatch.context() as patch, nothing_moves():
        patch.setattr(operations, "adjust", busy)
        assert approve(joseph, proposal).state == State.APPROVED
    assert [corrections.post_approved(), corrections.post_approved()] == [1, 0]
    assert balance(alice) == 980_00


# --- Races and crashes


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_simultaneous_decisions_have_one_effect(rail, wambui, joseph, alice, bob):
    """Two approvers at the same moment, and the proposer who withdraws."""
    third = staff("finance", "Zuri Third")
    for number in range(4):
        proposal, before = propose_assignment(wambui, stray(bob), alice), balance(alice)
        jobs = [
            partial(approve, joseph, proposal),
            partial(approve, third, proposal),
            partial(corrections.withdraw, Context(wambui.pk), proposal_id=proposal.pk),
        ]
        answers = run_together(*jobs[:: 1 if number % 2 else -1])
        assert [isinstance(one, Correction) for one in answers].count(True) == 1
        assert [isinstance(one, TooLate) for one in answers].count(True) == 2
        corrections.post_approved()
        proposal.refresh_from_db()
        is_posted = proposal.state == State.POSTED
        assert is_posted or proposal.state == State.WITHDRAWN
        assert balance(alice) == before + (300_00 if is_posted else 0)
    assert_right()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", Act if IS_NIGHTLY else [Act.RETURN])
def test_a_crash_at_any_statement_of_an_approval_has_one_effect(
    rail, wambui, joseph, alice, bob, act
):
    def proposed() -> Correction:
        if act == Act.ADJUST:
            return propose_adjustment(wambui, alice, 1_00)
        if act == Act.ASSIGN:
            return propose_assignment(wambui, stray(bob), alice)
        return propose_return(wambui, stray(bob), PHONE)

    names = points(approve, joseph, proposed())
    ends = [number for number, name in enumerate(names) if name == "COMMITTED"]
    # The decision, the ledger's transaction, and the outcome.
    assert len(ends) == 3
    for number, name in worth_dying_at(names):
        proposal = proposed()
        dies_at(rail, number, approve, joseph, proposal)
        is_decided, is_in_the_books, is_over = (number >= end for end in ends)
        made = Transaction.objects.filter(idempotency_key=f"correction {proposal.pk}")
        assert made.count() == is_in_the_books, name
        assert corrections.post_approved() == (is_decided and not is_over)
        if not is_decided:
            approve(joseph, proposal)
        proposal.refresh_from_db()
        assert (proposal.state, proposal.posted) == (State.POSTED, made.get())
        assert acts(proposal) == ["propose_correction", "approve_correction", "post_correction"]
    assert suspense_cents() == 0
    assert_right()
