"""A payment whose money is partly gone, and a claim of the rest that two people agreed on."""

from __future__ import annotations

from adminpanel.models import ReversalProposal
from adminpanel.reversals import operations as reversals
from ledger.models import Claim, Transaction
from tests.factories import send, withdraw
from wallet.context import Context
from wallet.models import User


def approved(
    record: Transaction, maker: User, approver: User, cents: int | None = None, claim: bool = False
) -> ReversalProposal:
    """A reversal of this much, or of all that is left, proposed by one and approved by another."""
    proposal = reversals.propose(
        Context(maker.pk, reason="Sent to the wrong person."),
        transaction_id=record.pk,
        amount_cents=cents,
        may_claim=claim,
    )
    return reversals.approve(Context(approver.pk), proposal_id=proposal.pk)


def claimed(payer: User, payee: User, maker: User, approver: User) -> Claim:
    """KES 300 were sent and 200 are gone: 100 come back immediately, and 200 are claimed."""
    record = send(payer, payee, 300_00)
    withdraw(payee, 200_00)
    approved(record, maker, approver, claim=True)
    return Claim.objects.get(original=record)
