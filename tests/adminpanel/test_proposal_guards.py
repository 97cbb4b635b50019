"""What two people agree on can't become something else between the proposal and the approval."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from adminpanel.models import ClosingProposal
from adminpanel.proposal_guards import OF_ALL, PROPOSED
from adminpanel.reversals import operations as reversals
from tests.adminpanel.support.claims import approved
from tests.factories import balance, send
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
])  # fmt: skip
def test_what_was_proposed_never_changes(alice, bob, carol, wambui, joseph, change):
    record, other = send(alice, bob, 300_00), send(alice, carol, 500_00)
    asked = Context(wambui.pk, reason="Half was wrong.")
    proposal = reversals.propose(asked, transaction_id=record.pk, amount_cents=150_00)
    sql = change.format(other=other.pk, other_person=carol.pk)
    refused(f"UPDATE {TABLE} SET {sql}")
    assert reversals.approve(Context(joseph.pk), proposal_id=proposal.pk).state == "POSTED"
    assert balance(bob) == 150_00


def test_nor_does_who_decided_it(alice, bob, carol, wambui, joseph):
    approved(send(alice, bob, 300_00), wambui, joseph)
    refused(f"UPDATE {TABLE} SET decided_by_id = {carol.pk}")


def refused(sql: str) -> None:
    again = pytest.raises(IntegrityError, match="what was proposed never changes")
    with again, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_every_proposal_is_guarded_with_all_that_it_proposes():
    """A new column is either what was proposed, and then it's in the list, or what became of it."""
    [base] = ClosingProposal.__bases__
    became = {"state", "decided_by_id", "decided_by_name", "decided_at", "remark", "posted_id"}
    for model in base.__subclasses__():
        columns = {field.column for field in model._meta.concrete_fields}
        table = model._meta.db_table
        assert {*OF_ALL, *PROPOSED[table]} == columns - became - {"proposed_at"}, table
