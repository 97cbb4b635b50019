"""Corrections: propose them, find their pages, and read their audit events."""

from __future__ import annotations

from adminpanel.corrections import operations as corrections
from adminpanel.models import Correction
from adminpanel.models.corrections import Act
from ledger.models import Transaction
from tests.factories import account_id
from wallet import house
from wallet.context import Context
from wallet.models import AuditEvent, User

EVIDENCE = "Line 12 of the statement of 28 November."


def propose(by: User, act: Act, **wanted: object) -> Correction:
    """`wanted` are fields of `Wanted`."""
    context = Context(by.pk, "10.0.0.1", "It was paid in by mistake.")
    return corrections.propose(context, corrections.Wanted(act, **wanted), evidence=EVIDENCE)


def propose_adjustment(by: User, owner: User, cents: int = 20_00) -> Correction:
    """From this member's wallet to the account of adjustments."""
    return propose(
        by,
        Act.ADJUST,
        source_id=account_id(owner),
        target_id=house.ADJUSTMENTS.id,
        amount_cents=cents,
    )


def propose_assignment(by: User, item: Transaction, to: User) -> Correction:
    return propose(by, Act.ASSIGN, item_id=item.pk, target_id=account_id(to))


def propose_return(by: User, item: Transaction, phone: str = "") -> Correction:
    return propose(by, Act.RETURN, item_id=item.pk, phone=phone)


def url(proposal: Correction, act: str = "") -> str:
    return f"/panel/adjustments/{proposal.pk}/{act and f'{act}/'}"


def acts(proposal: Correction) -> list[str]:
    """The acts about this proposal, oldest first."""
    events = AuditEvent.objects.filter(facts__correction=proposal.pk).order_by("pk")
    return list(events.values_list("action", flat=True))
