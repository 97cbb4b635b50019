"""The queue of proposed reversals, and the page of one proposal."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from adminpanel.access import finance_page, panel_page
from adminpanel.models import ReversalProposal
from adminpanel.reversals import operations, queries
from adminpanel.reversals.forms import DenyForm
from wallet.errors import Refusal, TooLate
from wallet.staff.roles import acts_on_panel
from wallet.web import paging
from wallet.web.http import MemberRequest, context_of, redirect_to, render_part
from wallet.web.refusals import page_status

State = ReversalProposal.State


@require_safe
@panel_page
def reversals(request: MemberRequest) -> HttpResponse:
    """Open proposals by others or by the reader, oldest first. Decided ones, newest first."""
    tab = request.GET.get("tab", "")
    found = queries.proposals(tab, request.user)
    is_decided = tab == "decided"
    page = paging.page(
        found,
        request.GET.get("cursor"),
        settings.PAGE_SIZE_PANEL,
        # The row that a cursor names must have been decided, to have a time.
        among=found if is_decided else None,
        oldest_first=not is_decided,
        time="decided_at" if is_decided else "",
    )
    context = {
        "proposals": page.rows,
        "next_cursor": page.next_cursor,
        "tab": tab,
        "own_count": queries.proposals("yours", request.user).count(),
    }
    return render(request, "adminpanel/reversals.html", context)


@require_safe
@panel_page
def reversal(request: MemberRequest, proposal_id: int) -> HttpResponse:
    """One proposal, with everything needed to decide it."""
    return show(request, proposal_id)


@require_POST
@finance_page
def approve_reversal(request: MemberRequest, proposal_id: int) -> HttpResponse:
    """Approve a proposal and post the reversal."""
    return decide(request, proposal_id, operations.approve)


@require_POST
@finance_page
def deny_reversal(request: MemberRequest, proposal_id: int) -> HttpResponse:
    """Deny a proposal with a reason."""
    form = DenyForm(request.POST)
    if not form.is_valid():
        return show(request, proposal_id, form=form, status=422)
    return decide(request, proposal_id, operations.deny, form.cleaned_data["reason"])


@require_POST
@finance_page
def withdraw_reversal(request: MemberRequest, proposal_id: int) -> HttpResponse:
    """Withdraw your own proposal."""
    return decide(request, proposal_id, operations.withdraw)


def decide(
    request: MemberRequest,
    proposal_id: int,
    act: Callable[..., ReversalProposal],
    reason: str = "",
) -> HttpResponse:
    earlier = get_object_or_404(ReversalProposal, pk=proposal_id)
    try:
        proposal = act(context_of(request, reason=reason), proposal_id=proposal_id)
    except Refusal as refusal:
        earlier.refresh_from_db()
        # A second click by the same person isn't a conflict. Show what the first one did.
        is_second_click = isinstance(refusal, TooLate) and earlier.decided_by == request.user
        if not is_second_click:
            status = page_status(refusal)
            return show(request, proposal_id, problem=str(refusal), status=status)
        messages.info(request, str(refusal))
    else:
        announce(request, proposal)
    return redirect_to(request, reverse("adminpanel:reversal", args=[proposal_id]))


def announce(request: MemberRequest, proposal: ReversalProposal) -> None:
    match proposal.state:
        case State.POSTED:
            messages.success(request, _("Approved. The transaction is reversed."))
        case State.REFUSED:
            messages.error(
                request,
                _("Approved, but the ledger refused the reversal. {why}").format(
                    why=proposal.remark
                ),
            )
        case State.APPROVED:
            messages.warning(request, _("Approved. The reversal will be posted shortly."))
        case State.DENIED:
            messages.success(request, _("Denied. No money moved."))
        case State.WITHDRAWN:
            messages.success(request, _("Withdrawn. No money moved."))


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
        "shortfall": operations.shortfall(record),
        "is_own": proposal.proposed_by_id == request.user.pk,
        "acts": acts_on_panel(request.user),
        "problem": problem,
        "form": form or DenyForm(),
    }
    return render_part(request, "adminpanel/reversal.html", context, part="decision", status=status)
