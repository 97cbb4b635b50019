"""The list of closed periods, the page of one, and what two people do there."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from adminpanel.access import maker_page, panel_page
from adminpanel.close import operations, queries
from adminpanel.close.checklist import MISSING, checklist
from adminpanel.close.forms import ReopenForm
from adminpanel.models import ClosingProposal
from adminpanel.models.proposals import State
from adminpanel.proposals import pages
from adminpanel.proposals.forms import DenyForm
from ledger.closing import periods
from ledger.closing.periods import Period
from wallet.errors import Refusal
from wallet.web import paging
from wallet.web.http import MemberRequest, context_of, redirect_to, render_part
from wallet.web.refusals import page_status


@require_safe
@panel_page
def close(request: MemberRequest) -> HttpResponse:
    """What is to be closed next, and the chain of closes, newest first."""
    page = paging.page(queries.closes(), request.GET.get("cursor"), settings.PAGE_SIZE_PANEL)
    context = {
        "due": [(period, queries.open_proposal(period)) for period in queries.due()],
        "closes": page.rows,
        "next_cursor": page.next_cursor,
    }
    return render(request, "adminpanel/close.html", context)


@require_safe
@panel_page
def close_period(request: MemberRequest, period: str) -> HttpResponse:
    """One day or month: its checklist, its signatures, and what its close stores."""
    return show(request, found_period(period))


@require_POST
@maker_page
def sign_close(request: MemberRequest, period: str) -> HttpResponse:
    """Sign that the period can be closed."""
    found = found_period(period)
    try:
        operations.sign(context_of(request), found)
    except Refusal as refusal:
        return show(request, found, problem=str(refusal), status=page_status(refusal))
    messages.success(request, _("Signed. A finance approver must approve it."))
    return redirect_to(request, url_of(found))


@require_POST
@maker_page
def ask_reopening(request: MemberRequest, period: str) -> HttpResponse:
    """Ask to reopen the period, for a reason."""
    found, form = found_period(period), ReopenForm(request.POST)
    if not form.is_valid():
        return show(request, found, reopen_form=form, status=422)
    context = context_of(request, reason=form.cleaned_data["reason"])
    try:
        operations.ask_reopening(context, found.last_day, is_month=found.is_month)
    except Refusal as refusal:
        return show(request, found, problem=str(refusal), status=page_status(refusal))
    messages.success(request, _("Asked. A finance approver must approve it."))
    return redirect_to(request, url_of(found))


@require_safe
@panel_page
def closing(request: MemberRequest, closing_id: int) -> HttpResponse:
    """The page of the period that a signature is about."""
    proposal = get_object_or_404(ClosingProposal, pk=closing_id)
    return redirect_to(request, url_of(proposal.period))


def say(proposal: ClosingProposal) -> str:
    """What a decision led to."""
    match proposal.state:
        case State.APPROVED if proposal.is_reopening:
            return _("Approved. The period will be open again in a minute.")
        case State.APPROVED:
            return _("Approved. The period will be closed in a minute.")
        case State.DENIED:
            return _("Denied. Nothing was closed or opened.")
    return _("Withdrawn. Nothing was closed or opened.")


def found_period(key: str) -> Period:
    found = queries.parse(key)
    if found is None:
        raise Http404
    return found


def url_of(period: Period) -> str:
    return reverse("adminpanel:close_period", args=[period.key])


def show(
    request: MemberRequest,
    period: Period,
    *,
    problem: str = "",
    form: DenyForm | None = None,
    reopen_form: ReopenForm | None = None,
    status: int = 200,
) -> HttpResponse:
    live, proposal = period.live_close(), queries.open_proposal(period)
    steps = [] if live else checklist(period)
    newest = periods.newest_live()
    context = {
        "period": period,
        "live": live,
        "is_newest": live is not None and live == newest,
        "is_due": any(one.key == period.key for one in queries.due()),
        "lines": queries.trial_balance(live) if live else [],
        "steps": steps,
        "is_ready": all(step.state != MISSING for step in steps),
        "proposal": proposal,
        "is_own": proposal is not None and proposal.proposed_by_id == request.user.pk,
        "proposer_cannot_decide": operations.CLOSINGS.proposer_cannot_decide,
        "problem": problem,
        "refusal": queries.refusal(period),
        "form": form or DenyForm(),
        "reopen_form": reopen_form or ReopenForm(),
    }
    template = "adminpanel/close_period.html"
    return render_part(request, template, context, part="decision", status=status)


approve_close, deny_close, withdraw_close = pages.views_of(
    operations.CLOSINGS,
    pages.Showing(
        find=lambda closing_id: get_object_or_404(ClosingProposal, pk=closing_id),
        url_of=lambda one: url_of(one.period),
        show=lambda request, one, **more: show(request, one.period, **more),
        words=say,
    ),
)
