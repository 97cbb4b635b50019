"""The actions on an item in suspense, on the page of its transaction: assign it, or return it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from adminpanel.access import maker_page
from adminpanel.corrections import lookups, operations
from adminpanel.corrections.forms import AssignForm, ReturnForm, WhyForm
from adminpanel.corrections.items import find_way_back
from adminpanel.models import Correction
from adminpanel.models.corrections import Act
from adminpanel.transactions.views import show
from ledger.models import Transaction
from wallet.errors import Refusal
from wallet.web.http import MemberRequest, context_of, redirect_to
from wallet.web.refusals import page_status


@require_POST
@maker_page
def assign_item(request: MemberRequest, reference: str) -> HttpResponse:
    """Propose to give an item to a member. A colleague decides."""
    item = get_object_or_404(Transaction, reference=reference)
    form = AssignForm(request.POST)
    if refusal := lookups.count(request, form, "member"):
        form = AssignForm(initial=lookups.keep_typed(form))
        return show_item(request, item, form, str(refusal), page_status(refusal))
    return propose(request, item, form, Act.ASSIGN)


@require_POST
@maker_page
def return_item(request: MemberRequest, reference: str) -> HttpResponse:
    """Propose to pay an item back to its payer. A colleague decides."""
    item = get_object_or_404(Transaction, reference=reference)
    form = ReturnForm(request.POST, knows_phone=bool(find_way_back(item).phone))
    return propose(request, item, form, Act.RETURN)


def propose(request: MemberRequest, item: Transaction, form: WhyForm, act: Act) -> HttpResponse:
    status = 422
    if form.is_valid():
        try:
            proposal = make(request, item, form.cleaned_data, act)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
            status = page_status(refusal)
        else:
            messages.success(request, _("Proposed. A colleague in finance must approve it."))
            return redirect_to(request, reverse("adminpanel:adjustment", args=[proposal.pk]))
    return show_item(request, item, form, "", status)


def make(request: MemberRequest, item: Transaction, data: dict[str, Any], act: Act) -> Correction:
    wanted = operations.Wanted(
        act, item_id=item.pk, target_id=data.get("member"), phone=data.get("phone") or ""
    )
    context = context_of(request, reason=data["reason"], key=data["key"])
    return operations.propose(context, wanted, evidence=data["evidence"])


def show_item(
    request: MemberRequest, item: Transaction, form: WhyForm, problem: str, status: int
) -> HttpResponse:
    return show(
        request,
        item.reference,
        suspense_form=form,
        suspense_problem=problem,
        part="suspense",
        status=status,
    )
