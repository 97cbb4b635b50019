"""Claims on later deposits: the list, one with what it took, and ending it."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from adminpanel.access import maker_page, panel_page
from adminpanel.claims import operations
from adminpanel.claims.forms import EndForm
from adminpanel.models import ClaimEnding
from adminpanel.models.proposals import State
from adminpanel.proposals import pages
from adminpanel.proposals.forms import DenyForm
from ledger.models import Claim
from wallet.errors import Refusal
from wallet.web import paging
from wallet.web.http import MemberRequest, context_of, redirect_to, render_part
from wallet.web.refusals import page_status

TAKINGS = 100


@require_safe
@panel_page
def claims(request: MemberRequest) -> HttpResponse:
    """Open claims, or with `?tab=over` those that are paid or ended. Newest first."""
    is_over = request.GET.get("tab") == "over"
    waiting = ClaimEnding.objects.filter(claim=OuterRef("pk"), state=State.PROPOSED)
    found = Claim.objects.select_related("original", "account__user").annotate(
        end_waits=Exists(waiting)
    )
    found = found.exclude(state="OPEN") if is_over else found.open()
    page = paging.page(found, request.GET.get("cursor"), settings.PAGE_SIZE_PANEL)
    context = {"claims": page.rows, "next_cursor": page.next_cursor, "is_over": is_over}
    return render(request, "adminpanel/claims.html", context)


@require_safe
@panel_page
def claim(request: MemberRequest, claim_id: int) -> HttpResponse:
    """One claim, what each deposit paid of it, and a proposal to end it."""
    return show(request, claim_id)


@require_POST
@maker_page
def propose_end_claim(request: MemberRequest, claim_id: int) -> HttpResponse:
    """Propose to take nothing more. A colleague decides."""
    get_object_or_404(Claim, pk=claim_id)
    form, status = EndForm(request.POST), 422
    if form.is_valid():
        try:
            context = context_of(request, reason=form.cleaned_data["reason"])
            operations.propose(context, claim_id=claim_id)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
            status = page_status(refusal)
        else:
            messages.success(request, _("Proposed. A colleague in finance must approve it."))
            return redirect_to(request, reverse("adminpanel:claim", args=[claim_id]))
    return show(request, claim_id, end_form=form, status=status)


def say(proposal: ClaimEnding) -> str:
    """What a decision led to."""
    match proposal.state:
        case State.POSTED:
            return _("Approved. Nothing more is taken, and the member gets a message.")
        case State.REFUSED:
            return _("Approved, but the ledger refused it. {why}").format(why=proposal.remark)
        case State.APPROVED:
            return _("Approved. The claim will end shortly.")
        case State.DENIED:
            return _("Denied. Deposits go on paying the claim.")
    return _("Withdrawn. Deposits go on paying the claim.")


def show(
    request: MemberRequest,
    claim_id: int,
    *,
    problem: str = "",
    form: DenyForm | None = None,
    end_form: EndForm | None = None,
    status: int = 200,
) -> HttpResponse:
    found = Claim.objects.select_related(
        "original__from_account__user", "account__user", "notice", "end_proposed_by"
    )
    claim = get_object_or_404(found.select_related("end_approved_by"), pk=claim_id)
    proposal = claim.endings.select_related("proposed_by", "decided_by").order_by("-pk").first()
    takings = claim.takings.select_related("cause", "made").order_by("-pk")
    context = {
        "claim": claim,
        "takings": takings[:TAKINGS],
        "proposal": proposal,
        "is_own": bool(proposal and proposal.proposed_by_id == request.user.pk),
        "proposer_cannot_decide": operations.ENDINGS.proposer_cannot_decide,
        "problem": problem,
        "form": form or DenyForm(),
        "end_form": end_form or EndForm(),
    }
    return render_part(request, "adminpanel/claim.html", context, part="decision", status=status)


approve_end_claim, deny_end_claim, withdraw_end_claim = pages.views_of(
    operations.ENDINGS,
    pages.Showing(
        find=lambda claim_id, ending_id: get_object_or_404(
            ClaimEnding, pk=ending_id, claim=claim_id
        ),
        url_of=lambda one: reverse("adminpanel:claim", args=[one.claim_id]),
        show=lambda request, one, **more: show(request, one.claim_id, **more),
        words=say,
    ),
)
