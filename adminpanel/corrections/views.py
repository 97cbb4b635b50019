"""The queue of proposed corrections, the page of one, and the form of an adjustment."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from adminpanel.access import maker_page, panel_page
from adminpanel.corrections import lookups, operations, queries
from adminpanel.corrections.forms import WALLET, AdjustForm
from adminpanel.corrections.items import find_way_back
from adminpanel.models import Correction
from adminpanel.models.corrections import Act
from adminpanel.models.proposals import State
from adminpanel.proposals import pages
from adminpanel.proposals.forms import DenyForm
from ledger.models import Transaction
from wallet import house
from wallet.errors import Refusal
from wallet.web.http import MemberRequest, context_of, redirect_to, render_part
from wallet.web.refusals import page_status

# What a link to the form may fill in. The person still reads and sends it.
FILLED_IN = ("from", "to", "amount", "evidence")


@require_safe
@panel_page
def adjustments(request: MemberRequest) -> HttpResponse:
    """Open proposals by others or by the reader, oldest first. Decided ones, newest first."""
    context = pages.queue(request, queries.corrections())
    context["mark"] = "pencil"
    return render(request, "adminpanel/adjustments.html", context)


@require_safe
@panel_page
def adjustment(request: MemberRequest, correction_id: int) -> HttpResponse:
    """One proposal, with everything needed to decide it."""
    return show(request, correction_id)


# --- Propose


@require_http_methods(["GET", "HEAD", "POST"])
@maker_page
def propose_adjustment(request: MemberRequest) -> HttpResponse:
    """Propose an adjustment: of any two accounts, or to settle the item in `?item=`."""
    item = item_of(request)
    if request.method != "POST":
        form = AdjustForm(initial=sides_of(request, item), has_item=item is not None)
        return show_form(request, form, item)
    form, status = AdjustForm(request.POST, has_item=item is not None), 422
    if refusal := lookups.count(request, form, "from_member", "to_member"):
        form = AdjustForm(initial=lookups.keep_typed(form), has_item=item is not None)
        return show_form(request, form, item, str(refusal), page_status(refusal))
    if form.is_valid():
        try:
            proposal = propose(request, form.cleaned_data, item)
        except Refusal as refused:
            form.add_error(None, str(refused))
            status = page_status(refused)
        else:
            messages.success(request, _("Proposed. A colleague in finance must approve it."))
            return redirect_to(request, reverse("adminpanel:adjustment", args=[proposal.pk]))
    return show_form(request, form, item, status=status)


def item_of(request: MemberRequest) -> Transaction | None:
    """The item in suspense that the URL or the form names. 404 if there is no such transaction."""
    reference = request.POST.get("item") or request.GET.get("item") or ""
    if not reference:
        return None
    return get_object_or_404(Transaction.objects.by_reference(reference).with_parties())


def sides_of(request: MemberRequest, item: Transaction | None) -> dict[str, str]:
    """What is known of the form before anyone fills it in."""
    if item:
        return {"from" if item.suspense_sign > 0 else "to": str(house.SUSPENSE.id)}
    given = {name: request.GET.get(name, "")[:1000] for name in FILLED_IN}
    if member := request.GET.get("member", ""):
        given["to_member"] = member
        given["to"] = WALLET
        given["from"] = given["from"] or str(house.ADJUSTMENTS.id)
    return {name: value for name, value in given.items() if value}


def propose(request: MemberRequest, data: dict[str, Any], item: Transaction | None) -> Correction:
    wanted = operations.Wanted(
        Act.ADJUST,
        item_id=item.pk if item else None,
        source_id=data["from_id"],
        target_id=data["to_id"],
        amount_cents=data.get("amount") or 0,
    )
    context = context_of(request, reason=data["reason"], key=data["key"])
    return operations.propose(context, wanted, evidence=data["evidence"])


def show_form(
    request: MemberRequest,
    form: AdjustForm,
    item: Transaction | None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {"form": form, "item": item, "problem": problem}
    template = "adminpanel/propose_adjustment.html"
    return render_part(request, template, context, part="adjusting", status=status)


# --- Decide


def say(proposal: Correction) -> str:
    """What a decision led to."""
    match proposal.state:
        case State.POSTED if proposal.act == Act.RETURN:
            return _("Approved. The money is on its way back to its payer.")
        case State.POSTED:
            return _("Approved and posted.")
        case State.REFUSED:
            return _("Approved, but the ledger refused it. {why}").format(why=proposal.remark)
        case State.APPROVED:
            return _("Approved. It will be posted shortly.")
        case State.DENIED:
            return _("Denied. No money moved.")
    return _("Withdrawn. No money moved.")


def show(
    request: MemberRequest,
    correction_id: int,
    *,
    problem: str = "",
    form: DenyForm | None = None,
    status: int = 200,
) -> HttpResponse:
    proposal = get_object_or_404(queries.corrections(), pk=correction_id)
    context = {
        "proposal": proposal,
        "rail": operations.rail_label(proposal),
        # A number that someone typed is to be compared with the evidence.
        "typed_phone": proposal.item and not find_way_back(proposal.item).phone,
        "shortfall": operations.shortfall(proposal),
        "is_own": proposal.proposed_by_id == request.user.pk,
        "proposer_cannot_decide": operations.CORRECTIONS.proposer_cannot_decide,
        "problem": problem,
        "form": form or DenyForm(),
    }
    template = "adminpanel/adjustment.html"
    return render_part(request, template, context, part="decision", status=status)


approve_adjustment, deny_adjustment, withdraw_adjustment = pages.views_of(
    operations.CORRECTIONS,
    pages.Showing(
        find=lambda correction_id: get_object_or_404(Correction, pk=correction_id),
        url_of=lambda one: reverse("adminpanel:adjustment", args=[one.pk]),
        show=lambda request, one, **more: show(request, one.pk, **more),
        words=say,
    ),
)
