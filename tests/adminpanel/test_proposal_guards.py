"""What two people agree on can't become something else between the proposal and the approval."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from adminpanel.claims import operations as endings
from adminpanel.models import ClaimEnding, ClosingProposal, ReversalProposal, Unfreezing
from adminpanel.proposal_guards import DECISION, OF_ALL, TABLES
from adminpanel.reversals import operations as reversals
from tests.adminpanel.support.claims import approved, claimed
from tests.factories import balance, send
from tests.ledger.support.rows import insert, stored
from wallet.context import Context

pytestmark = pytest.mark.django_db
TABLE = "adminpanel_reversalproposal"


@pytest.mark.parametrize("change", [
    "amount_cents = amount_cents + 1",
    "may_claim = NOT may_claim",
    "reason = 'Another'",
    "transaction_id = {other}",
    "proposed_by_id = {other_person}",
    "proposed_by_name = 'Someone'",
    "id = id + 1",
])  # fmt: skip
def test_what_was_proposed_never_changes(alice, bob, carol, wambui, joseph, change):
    record, other = send(alice, bob, 300_00), send(alice, carol, 500_00)
    asked = Context(wambui.pk, reason="Half was wrong.")
    proposal = reversals.propose(asked, transaction_id=record.pk, amount_cents=150_00)
    sql = change.format(other=other.pk, other_person=carol.pk)
    refused(f"UPDATE {TABLE} SET {sql}", "what was proposed never changes")
    refused(f"DELETE FROM {TABLE}", "never deleted")
    assert reversals.approve(Context(joseph.pk), proposal_id=proposal.pk).state == "POSTED"
    assert balance(bob) == 150_00


@pytest.mark.parametrize("change", [
    "decided_by_id = {other_person}",
    "decided_by_name = 'Someone'",
    "decided_at = proposed_at",
    "state = 'APPROVED'",
    "state = 'PROPOSED', decided_by_id = NULL, decided_at = NULL",
    "remark = 'Another'",
])  # fmt: skip
def test_a_decision_stays(alice, bob, carol, wambui, joseph, change):
    asked = Context(wambui.pk, reason="Sent twice.")
    proposal = reversals.propose(asked, transaction_id=send(alice, bob, 300_00).pk)
    reversals.deny(Context(joseph.pk, reason="It wasn't."), proposal_id=proposal.pk)
    sql = f"UPDATE {TABLE} SET {change.format(other_person=carol.pk)}"
    refused(sql, "decided once and posted once")
    assert reversals.post_approved() == 0


def test_what_was_posted_stays(alice, bob, wambui, joseph):
    approved(send(alice, bob, 300_00), wambui, joseph)
    refused(f"UPDATE {TABLE} SET posted_id = NULL", "decided once and posted once")


def test_no_other_proposal_takes_the_place_of_an_open_one(alice, bob, wambui, joseph):
    """On SQLite, INSERT OR REPLACE deletes the one that is open about the same claim."""
    claim = claimed(alice, bob, wambui, joseph)
    read = endings.propose(Context(wambui.pk, reason="Bob lost his job."), claim_id=claim.pk)
    verb = "INSERT OR REPLACE INTO" if connection.vendor == "sqlite" else "INSERT INTO"
    another = stored(read) | {"id": read.pk + 1, "reason": "A favour."}
    with pytest.raises(IntegrityError), transaction.atomic():
        insert("adminpanel_claimending", another, verb=verb)
    assert ClaimEnding.objects.get() == read


def test_an_unfreezing_is_done_by_the_one_who_approves_it(alice, wambui, joseph, carol):
    wallet = alice.primary_account()
    made = Unfreezing.objects.create(account=wallet, reason="x", proposed_by=wambui)
    refused(f"UPDATE adminpanel_unfreezing SET account_id = {carol.primary_account().pk}", "never")
    Unfreezing.objects.filter(pk=made.pk).update(
        state="DENIED", decided_by=joseph, decided_at=made.proposed_at
    )
    refused("UPDATE adminpanel_unfreezing SET state = 'POSTED'", "decided once and posted once")


def refused(sql: str, words: str) -> None:
    again = pytest.raises(IntegrityError, match=words)
    with again, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_every_proposal_is_guarded_with_all_that_it_proposes():
    """A new column is either what was proposed, and then it's in the list, or what became of it."""
    [base] = ClosingProposal.__bases__
    models = base.__subclasses__()
    assert {one._meta.db_table for one in models} == TABLES.keys()
    assert ReversalProposal in models
    for model in models:
        table = TABLES[model._meta.db_table]
        columns = {field.column for field in model._meta.concrete_fields}
        became = {"state", "remark", *DECISION} | {"posted_id"} & columns
        assert table.is_posted == ("posted_id" in columns)
        assert {*OF_ALL, *table.proposed} == columns - became, model
