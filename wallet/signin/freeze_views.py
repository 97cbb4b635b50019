"""Members freeze their wallet in one tap, and unfreeze it when they've proved who they are."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from wallet import operations
from wallet.errors import Refusal
from wallet.messages import contact_of
from wallet.models import Account
from wallet.signin import proof
from wallet.signin.pin_views import send_code
from wallet.web.http import MemberRequest, context_of, post_data, redirect_to
from wallet.web.refusals import mark_page


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def freeze(request: MemberRequest) -> HttpResponse:
    """A page with the button, and what the button does. No confirmation: it must be quick."""
    if request.method != "POST":
        if request.user.primary_account().is_frozen:
            return redirect("wallet:unfreeze")
        return render(request, "wallet/freeze.html")
    try:
        operations.freeze_own(context_of(request))
    except Refusal as refusal:
        context = {"refusal": str(refusal)}
        return mark_page(render(request, "wallet/freeze.html", context), refusal)
    messages.success(request, _("Your wallet is frozen. Money can come in, but none can leave."))
    return redirect_to(request, reverse("wallet:unfreeze"))


@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def unfreeze(request: MemberRequest) -> HttpResponse:
    """Password and a second thing lift the member's own freeze, never that of staff."""
    account = request.user.primary_account()
    if not account.is_frozen:
        return redirect_to(request, reverse("ledger:home"))
    by_staff = account.frozen_by == Account.FrozenBy.STAFF
    if "send" in request.POST and not by_staff:
        return send_code(request, request.path)
    form = proof.ProofForm(None if by_staff else post_data(request), request=request)
    refusal: Refusal | None = None
    try:
        if form.is_valid():
            operations.unfreeze_own(context_of(request))
            messages.success(request, _("Your wallet is no longer frozen."))
            return redirect_to(request, reverse("ledger:home"))
    except Refusal as error:
        form.add_error(None, str(error))
        refusal = error
    context = {
        "form": form,
        "by_staff": by_staff,
        "needs_sending": not proof.has_second_factor(request.user),
        "contact": contact_of(request.user),
    }
    status = 422 if form.errors or request.method == "POST" else 200
    return mark_page(render(request, "wallet/unfreeze.html", context, status=status), refusal)
