"""Queries about reversal proposals."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from adminpanel.models import Correction, ReversalProposal
from adminpanel.models.proposals import Proposal
from ledger.models import ClaimTaking


class People(NamedTuple):
    """Names of the people behind a reversal or a correction. Without a proposal, just one."""

    proposer: str
    approver: str
    poster: str

    @property
    def roles(self) -> list[tuple[str, str]]:
        """(role, name) of each, in the order they acted."""
        labels = (_("Proposed by"), _("Approved by"), _("Posted by"))
        return [(label, name) for label, name in zip(labels, self, strict=True) if name]


def people_behind(
    posters: Mapping[int, str], corrections: Collection[int] = ()
) -> dict[int, People]:
    """Who proposed, approved and posted these reversals and corrections. `posters` has names by
    the id of the transaction; `corrections` are the ids of those that are corrections."""
    if not posters:
        return {}
    posted = ReversalProposal.objects.filter(posted__in=posters)
    signed: dict[int | None, Proposal] = {
        proposal.posted_id: proposal
        for proposal in posted.select_related("proposed_by", "decided_by")
    }
    takings = ClaimTaking.objects.filter(made__in=posters).select_related("claim")
    claimed = {taking.made_id: taking.claim for taking in takings}
    if corrections:
        made = Correction.objects.filter(posted__in=corrections)
        signed |= {
            proposal.posted_id: proposal
            for proposal in made.select_related("proposed_by", "decided_by")
        }
    found = {pk: People(one.proposer, one.decider, posters[pk]) for pk, one in signed.items() if pk}
    found |= {
        pk: People(one.proposed_by_name, one.approved_by_name, posters[pk])
        for pk, one in claimed.items()
        if pk
    }
    return {pk: found.get(pk) or People("", "", name) for pk, name in posters.items()}


def proposals_with_parties() -> QuerySet[ReversalProposal]:
    return ReversalProposal.objects.select_related(
        "proposed_by",
        "decided_by",
        "transaction__from_account__user",
        "transaction__to_account__user",
        "transaction__reversed_by",
        "posted__created_by",
    )
