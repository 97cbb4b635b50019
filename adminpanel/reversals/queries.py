"""Reads of proposals to reverse a transaction."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from adminpanel.models import ReversalProposal
from wallet.models import User


def proposals_with_parties() -> QuerySet[ReversalProposal]:
    return ReversalProposal.objects.select_related(
        "proposed_by",
        "decided_by",
        "transaction__from_account__user",
        "transaction__to_account__user",
        "transaction__reversed_by",
    )


def waiting_for(reader: User) -> QuerySet[ReversalProposal]:
    """Proposals this person may decide: open ones made by a colleague."""
    waiting = ReversalProposal.objects.filter(state=ReversalProposal.State.PROPOSED)
    return waiting.exclude(proposed_by=reader)


def proposals(tab: str, reader: User) -> QuerySet[ReversalProposal]:
    """Decided ones (`decided`), or those that still wait, to be decided or to be posted: the
    reader's own (`yours`), which a colleague decides, or all the others."""
    waiting, own = Q(state__in=ReversalProposal.OPEN), Q(proposed_by=reader)
    if tab == "decided":
        return proposals_with_parties().exclude(waiting)
    return proposals_with_parties().filter(waiting, own if tab == "yours" else ~own)
