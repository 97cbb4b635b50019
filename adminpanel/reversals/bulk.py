"""Approve several reversals: choose them on the list, read them again, enter the password.

Each is approved by itself, so one that can't be approved doesn't keep back the others.
"""

from __future__ import annotations

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from adminpanel.access import approver_page
from adminpanel.models import ReversalProposal
from adminpanel.models.proposals import State
from adminpanel.proposals.queries import is_party
from adminpanel.reversals import operations, queries
from adminpanel.several import Item, ids_in
from ledger.payouts import people
from wallet.errors import Refusal
from wallet.models import User
from wallet.money import format_money
from wallet.web.http import MemberRequest, context_of, redirect_to


@require_http_methods(["GET", "HEAD", "POST"])
@approver_page
@reauthentication_required(allow_get=True)
def reverse_several(request: MemberRequest) -> HttpResponse:
    """The chosen proposals with what each takes back; a POST approves them."""
    if request.method == "POST":
        return approve_each(request, ids_in(request.POST.getlist("reversal")))
    found = queries.proposals_with_parties().filter(pk__in=ids_in(request.GET.getlist("reversal")))
    items: list[Item] = []
    left_out: list[Item] = []
    cents = 0
    # Asked once, not for each reversal.
    why_none = people.why_no_approvals(request.user)
    for proposal in found.order_by("pk"):
        problem = why_not(proposal, request.user) or why_none
        (left_out if problem else items).append(item_of(proposal, problem))
        cents += 0 if problem else proposal.amount_cents
    context = {
        "items": items,
        "left_out": left_out,
        "form": Form(),
        "field": "reversal",
        "heading": _("Approve reversals"),
        "counted": counted(len(items), cents),
        "button": _("Approve, and reverse them"),
        "back": _("Reversals"),
        "back_url": reverse("adminpanel:reversals"),
    }
    status = 422 if left_out and not items else 200
    return render(request, "adminpanel/several.html", context, status=status)


def item_of(proposal: ReversalProposal, problem: str) -> Item:
    record = proposal.transaction
    words = _("{amount} from {source}. {reason}")
    effect = words.format(
        amount=format_money(proposal.amount_cents),
        source=record.target_name,
        reason=proposal.reason,
    )
    url = reverse("adminpanel:reversal", args=[proposal.pk])
    return Item(record.reference, url, problem or effect, str(proposal.pk))


def why_not(proposal: ReversalProposal, person: User) -> str:
    """Why this person can't approve it now. Empty if they can; the operation asks again."""
    if proposal.state != State.PROPOSED:
        return _("It's decided already.")
    if proposal.proposed_by_id == person.pk:
        return str(operations.REVERSALS.proposer_cannot_decide)
    if is_party(proposal.transaction, person.pk):
        return str(operations.REVERSALS.own_money)
    if proposal.may_claim:
        return _("It may become a claim, so decide it on its own page.")
    return str(operations.shortfall(proposal) or "")


def approve_each(request: MemberRequest, ids: list[int]) -> HttpResponse:
    done, left_out = [], []
    for pk in ids:
        proposal = ReversalProposal.objects.select_related("transaction").filter(pk=pk).first()
        if proposal is None or proposal.may_claim:
            continue
        try:
            decided = operations.approve(context_of(request), proposal_id=pk)
        except Refusal as refusal:
            left_out.append(f"{proposal.transaction.reference}: {refusal}")
        else:
            if decided.state == State.REFUSED:
                left_out.append(f"{proposal.transaction.reference}: {decided.remark}")
            else:
                done.append(proposal.amount_cents)
    if done:
        said = _("You approved {what}.").format(what=counted(len(done), sum(done)))
        messages.success(request, said)
    if left_out:
        messages.warning(request, " ".join([_("Left out:"), *left_out]))
    if not (done or left_out):
        messages.info(request, _("No reversals were chosen. Nothing changed."))
    return redirect_to(request, reverse("adminpanel:reversals"))


def counted(count: int, cents: int) -> str:
    words = ngettext("{n} reversal, {amount}", "{n} reversals, {amount}", count)
    return words.format(n=count, amount=format_money(cents))
