"""Many people decide at the same time. The money goes back once or not at all."""

from __future__ import annotations

from functools import partial

import pytest

from adminpanel.models import ReversalProposal
from adminpanel.reversals import operations as reversals
from ledger.errors import InsufficientFunds
from ledger.models import Transaction
from tests.adminpanel.support.proposals import State, acts, count, propose, reversals_of
from tests.books import assert_books_right
from tests.conftest import signed_in, staff
from tests.factories import balance, send
from tests.ledger.support.crowd import IS_NIGHTLY, run_together
from tests.pages import text
from wallet.context import Context
from wallet.errors import Refusal, TooLate

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

CROWD = 16
ROUNDS = 50 if IS_NIGHTLY else 2


@pytest.fixture
def team(db):
    return [staff("finance", f"Checker Number{number}") for number in range(CROWD)]


def catch_refusal(job):
    """Return a refusal as the answer instead of raising it."""

    def run():
        try:
            return job()
        except Refusal as refusal:
            return refusal

    return run


def state_after_worker(proposal):
    """The worker posts what the crowd's lock on SQLite kept the approver from posting."""
    reversals.post_approved()
    proposal.refresh_from_db()
    return proposal.state


def test_sixteen_simultaneous_approvals_have_one_effect(alice, bob, wambui, team):
    for _ in range(ROUNDS):
        record = send(alice, bob, 100_00)
        proposal = propose(record, wambui)
        answers = run_together(
            *(
                catch_refusal(partial(reversals.approve, Context(one.pk), proposal_id=proposal.pk))
                for one in team
            )
        )
        won = [answer for answer in answers if isinstance(answer, ReversalProposal)]
        late = [answer for answer in answers if isinstance(answer, TooLate)]
        assert len(won) == 1
        assert len(late) == CROWD - 1
        assert state_after_worker(won[0]) == State.POSTED
        by = won[0].decided_by.name
        assert all(str(answer).startswith(f"{by} already approved this at") for answer in late)
        assert reversals_of(record) == 1
        assert (balance(alice), balance(bob)) == (1_000_00, 0)
        assert acts(record)[1:] == [("approve", by), ("reverse", by)]
    assert_books_right()


def test_sixteen_simultaneous_browsers_have_one_effect(alice, bob, wambui, team):
    record = send(alice, bob, 100_00)
    proposal = propose(record, wambui)
    clients = [signed_in(one) for one in team]
    url = f"/panel/reversals/{proposal.pk}/approve/"
    answers = run_together(*(partial(client.post, url) for client in clients))
    assert sorted(answer.status_code for answer in answers) == [303] + [409] * (CROWD - 1)
    for answer in answers:
        if answer.status_code == 409:
            assert "already approved this at" in text(answer)
    assert state_after_worker(proposal) == State.POSTED
    assert reversals_of(record) == 1
    assert balance(alice) == 1_000_00
    assert_books_right()


def test_sixteen_simultaneous_proposals_make_one(alice, bob, team):
    for _ in range(ROUNDS):
        record = send(alice, bob, 10_00)
        answers = run_together(*(catch_refusal(partial(propose, record, one)) for one in team))
        made = [answer for answer in answers if isinstance(answer, ReversalProposal)]
        refusals = [str(answer) for answer in answers if isinstance(answer, Refusal)]
        assert len(made) == 1
        assert len(refusals) == CROWD - 1
        assert all(made[0].proposed_by.name in sentence for sentence in refusals)
        assert count(record, "propose") == 1


def test_a_proposal_is_approved_or_withdrawn_but_never_both(alice, bob, wambui, team):
    for number in range(ROUNDS * 2):
        record = send(alice, bob, 10_00)
        held = balance(alice)
        proposal = propose(record, wambui)
        jobs = [
            partial(reversals.approve, Context(team[0].pk), proposal_id=proposal.pk),
            partial(reversals.withdraw, Context(wambui.pk), proposal_id=proposal.pk),
        ]
        answers = run_together(*map(catch_refusal, jobs[:: 1 if number % 2 else -1]))
        assert sorted(type(answer).__name__ for answer in answers) == [
            "ReversalProposal",
            "TooLate",
        ]
        state_after_worker(proposal)
        is_back = proposal.state == State.POSTED
        assert is_back or proposal.state == State.WITHDRAWN
        assert reversals_of(record) == is_back
        assert balance(alice) == held + (10_00 if is_back else 0)
        assert count(record, "approve") + count(record, "withdraw") == 1
    assert_books_right()


def test_a_proposal_is_approved_or_denied_but_never_both(alice, bob, wambui, team):
    for number in range(ROUNDS * 2):
        record = send(alice, bob, 10_00)
        proposal = propose(record, wambui)
        ask = {"proposal_id": proposal.pk}
        jobs = [
            partial(reversals.approve, Context(team[0].pk), **ask),
            partial(reversals.deny, Context(team[1].pk, reason="No."), **ask),
        ]
        answers = run_together(*map(catch_refusal, jobs[:: 1 if number % 2 else -1]))
        assert [isinstance(answer, TooLate) for answer in answers].count(True) == 1
        assert state_after_worker(proposal) in (State.POSTED, State.DENIED)
        assert reversals_of(record) == (proposal.state == State.POSTED)
        assert count(record, "approve") + count(record, "deny") == 1
    assert_books_right()


def test_the_recipient_may_spend_the_money_meanwhile(alice, bob, carol, wambui, team):
    """The money goes back or is spent, never both, and no balance falls below zero."""
    for number in range(ROUNDS * 2):
        record = send(alice, bob, 10_00)
        proposal = propose(record, wambui)
        held = balance(alice)
        jobs = [
            catch_refusal(partial(reversals.approve, Context(team[0].pk), proposal_id=proposal.pk)),
            partial(send, bob, carol, 10_00),
        ]
        answers = run_together(*jobs[:: 1 if number % 2 else -1])
        state_after_worker(proposal)
        spent = [answer for answer in answers if isinstance(answer, Transaction)]
        refused = [answer for answer in answers if isinstance(answer, Refusal)]
        assert balance(bob) == 0
        if proposal.state == State.POSTED:
            assert [type(one) for one in refused] == [InsufficientFunds]
            assert balance(alice) == held + 10_00
        else:
            # Bob spent it before the decision, or between the decision and the posting.
            assert proposal.state in (State.PROPOSED, State.REFUSED)
            why = proposal.remark or next(str(one) for one in answers if isinstance(one, Refusal))
            assert "can't be taken back" in why
            assert len(spent) == 1
            assert balance(alice) == held
        assert_books_right()


def test_simultaneous_workers_post_each_reversal_once(alice, bob, wambui, team):
    for _ in range(ROUNDS):
        records = [send(alice, bob, 1_00) for _ in range(3)]
        for record in records:
            reversals.decide(Context(team[0].pk), propose(record, wambui).pk, State.APPROVED)
        run_together(*[reversals.post_approved] * 8)
        for record in records:
            assert reversals_of(record) == 1
            assert count(record, "reverse") == 1
            assert record.proposals.get().state == State.POSTED
    assert (balance(alice), balance(bob)) == (1_000_00, 0)
    assert_books_right()
