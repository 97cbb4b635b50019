"""The process dies during an approval. The money goes back once or not at all."""

from __future__ import annotations

import pytest
from django.db import connection

from adminpanel.models import ReversalProposal
from adminpanel.reversals import operations as reversals
from ledger import operations
from tests.adminpanel.support.proposals import State, acts, count, propose, reversals_of
from tests.books import assert_books_right
from tests.factories import balance, deposit, send, withdraw
from tests.ledger.support.crowd import run_together
from tests.ledger.support.deaths import dies_at, points
from tests.ledger.test_crash import worth_dying_at
from wallet.context import Context

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def approve(actor_id, proposal_id):
    reversals.approve(Context(actor_id), proposal_id=proposal_id)


def test_a_crash_at_any_statement_of_an_approval_has_one_effect(alice, bob, wambui, joseph):
    names = points(approve, joseph.pk, propose(send(alice, bob, 1_00), wambui).pk)
    # Three transactions, in this order: the decision, the ledger's, the outcome.
    assert names.count("COMMITTED") == 3
    ends = [number for number, name in enumerate(names) if name == "COMMITTED"]
    for number, _name in worth_dying_at(names):
        record = send(alice, bob, 1_00)
        held = balance(alice)
        proposal = propose(record, wambui)
        dies_at(None, number, approve, joseph.pk, proposal.pk)
        assert_books_right()
        proposal.refresh_from_db()
        is_decided, is_in_the_books, is_over = (number >= end for end in ends)
        expected = State.POSTED if is_over else State.APPROVED if is_decided else State.PROPOSED
        assert proposal.state == expected, f"died at {names[number]}"
        assert reversals_of(record) == is_in_the_books
        assert reversals.post_approved() == (is_decided and not is_over)
        if not is_decided:
            approve(joseph.pk, proposal.pk)
        proposal.refresh_from_db()
        assert proposal.state == State.POSTED
        assert reversals_of(record) == 1
        assert balance(alice) == held + 1_00
        assert acts(record)[1:] == [("approve", joseph.name), ("reverse", joseph.name)]
    assert_books_right()


def test_a_second_worker_finishes_after_the_first_dies(alice, bob, wambui, joseph):
    def leave_approved():
        record = send(alice, bob, 1_00)
        proposal = propose(record, wambui)
        reversals.decide(Context(joseph.pk), proposal.pk, State.APPROVED)
        return record, proposal

    leave_approved()
    names = points(reversals.post_approved)
    for number, _name in worth_dying_at(names[:-1]):
        record, proposal = leave_approved()
        dies_at(None, number, reversals.post_approved)
        reversals.post_approved()
        proposal.refresh_from_db()
        assert proposal.state == State.POSTED
        assert reversals_of(record) == 1
        assert count(record, "reverse") == 1
    assert_books_right()


def test_a_reversal_is_refused_if_the_money_leaves_after_a_crash(alice, bob, wambui, joseph):
    record = send(alice, bob, 10_00)
    proposal = propose(record, wambui)
    reversals.decide(Context(joseph.pk), proposal.pk, State.APPROVED)
    withdraw(bob, 10_00)
    assert reversals.post_approved() == 1
    proposal.refresh_from_db()
    assert proposal.state == State.REFUSED
    deposit(bob, 10_00)
    assert reversals.post_approved() == 0
    assert reversals_of(record) == 0
    assert_books_right()


def test_the_decision_is_committed_before_the_ledger_posts(alice, bob, wambui, joseph, monkeypatch):
    """Another connection sees the decision while the ledger is still posting."""
    proposal = propose(send(alice, bob, 10_00), wambui)
    seen = []
    really = operations.reverse

    def look_first(*given, **asks):
        (state,) = run_together(lambda: ReversalProposal.objects.get(pk=proposal.pk).state)
        seen.append((state, connection.in_atomic_block))
        return really(*given, **asks)

    monkeypatch.setattr(operations, "reverse", look_first)
    reversals.approve(Context(joseph.pk), proposal_id=proposal.pk)
    assert seen == [(State.APPROVED, False)]
