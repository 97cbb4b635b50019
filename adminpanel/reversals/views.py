"""The queue of proposed reversals, and the page of one proposal."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from adminpanel.access import panel_page
from adminpanel.models import ReversalProposal
from adminpanel.models.proposals import State
from adminpanel.proposals import pages
from adminpanel.proposals.forms import DenyForm
from adminpanel.reversals import operations, queries
from ledger.models import Claim
from wallet.web.http import MemberRequest, render_part


@require_safe
@panel_page
def reversals(request: MemberRequest) -> HttpResponse:
    """Open proposals by others or by the reader, oldest first. Decided ones, newest first."""
    context = pages.queue(request, queries.proposals_with_parties()) | {"mark": "return"}
    several = [
        one.pk for one in context["proposals"] if one.state == State.PROPOSED and not one.may_claim
    ]
    if context["tab"] == "" and len(several) > 1:
        context["several"] = several
    return render(request, "adminpanel/reversals.html", context)


@require_safe
@panel_page
def reversal(request: MemberRequest, proposal_id: int) -> HttpResponse:
    """One proposal, with everything needed to decide it."""
    return show(request, proposal_id)


def say(proposal: ReversalProposal) -> str:
    """What a decision led to."""
    match proposal.state:
        case State.POSTED if Claim.objects.filter(key=operations.key_of(proposal)).exists():
            return _(
                "Approved. Later deposits pay what was missing, and the member gets a message."
            )
        case State.POSTED if not proposal.is_whole:
            return _("Approved. A part of the transaction is reversed.")
        case State.POSTED:
            return _("Approved. The transaction is reversed.")
        case State.REFUSED:
            return _("Approved, but the ledger refused the reversal. {why}").format(
                why=proposal.remark
            )
        case State.APPROVED:
            return _("Approved. The reversal will be posted shortly.")
        case State.DENIED:
            return _("Denied. No money moved.")
    return _("Withdrawn. No money moved.")


def standing(proposal: ReversalProposal) -> dict[str, Any]:
    """What the wallet holds too little now, and what would become of it."""
    short = operations.shortfall(proposal) if proposal.is_open else None
    now_cents = proposal.amount_cents
    if short and proposal.may_claim:
        assert proposal.transaction.to_account
        now_cents = proposal.transaction.to_account.balance_cents
    return {
        "shortfall": None if proposal.may_claim else short,
        "taken_now_cents": now_cents,
        "claimed_cents": proposal.amount_cents - now_cents,
        "claim": Claim.objects.filter(key=operations.key_of(proposal)).first(),
    }


def show(
    request: MemberRequest,
    proposal_id: int,
    *,
    problem: str = "",
    form: DenyForm | None = None,
    status: int = 200,
) -> HttpResponse:
    proposal = get_object_or_404(queries.proposals_with_parties(), pk=proposal_id)
    record = proposal.transaction
    context = {
        "proposal": proposal,
        "record": record,
        **standing(proposal),
        "is_own": proposal.proposed_by_id == request.user.pk,
        "proposer_cannot_decide": operations.REVERSALS.proposer_cannot_decide,
        "problem": problem,
        "form": form or DenyForm(),
    }
    return render_part(request, "adminpanel/reversal.html", context, part="decision", status=status)


approve_reversal, deny_reversal, withdraw_reversal = pages.views_of(
    operations.REVERSALS,
    pages.Showing(
        find=lambda proposal_id: get_object_or_404(ReversalProposal, pk=proposal_id),
        url_of=lambda one: reverse("adminpanel:reversal", args=[one.pk]),
        show=lambda request, one, **more: show(request, one.pk, **more),
        words=say,
    ),
)
