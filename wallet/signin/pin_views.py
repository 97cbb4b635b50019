"""Pages to set, change and replace the PIN."""

from __future__ import annotations

import time
from collections.abc import Mapping
from urllib.parse import urlencode

from allauth.account import app_settings
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from wallet.errors import Refusal
from wallet.messages import contact_of
from wallet.signin import pin as pins
from wallet.signin import proof
from wallet.signin.pin_forms import ChangePinForm, ForgottenPinForm, SetPinForm
from wallet.web.http import MemberRequest, context_of, is_own_page, post_data, redirect_to
from wallet.web.refusals import mark_page


@sensitive_post_parameters("old_pin", "pin", "pin_again")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def pin(request: MemberRequest) -> HttpResponse:
    """Set the first PIN, or change it with the old one. Then back to the payment, if there is one.

    A first PIN needs a recent password, since it lets money leave. The PIN isn't kept for after
    the password, as django-allauth keeps other forms: it would stand in the session.
    """
    is_first = not pins.has_pin(request.user)
    if is_first and not entered_password_lately(request):
        url = f"{reverse('account_reauthenticate')}?{urlencode({'next': request.get_full_path()})}"
        return redirect_to(request, url)
    make_form = SetPinForm if is_first else ChangePinForm
    form = make_form(post_data(request), user=request.user)
    return answer(request, form, "wallet/pin.html", {"is_first": is_first})


@sensitive_post_parameters("password", "code", "pin", "pin_again")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def forgotten_pin(request: MemberRequest) -> HttpResponse:
    """Set a new PIN with the password and a code instead of the old PIN."""
    if "send" in request.POST:
        return send_code(request, reverse("wallet:forgotten_pin"))
    form = ForgottenPinForm(post_data(request), request=request)
    facts = {
        "needs_sending": not proof.has_second_factor(request.user),
        "contact": contact_of(request.user),
    }
    return answer(request, form, "wallet/forgotten_pin.html", facts)


def entered_password_lately(request: MemberRequest) -> bool:
    """To sign in, to sign up or because a page asked for it again."""
    if did_recently_reauthenticate(request):
        return True
    entered = [record["at"] for record in get_authentication_records(request, request.user)]
    entered.append(request.user.created_at.timestamp())
    return bool(time.time() - max(entered) < app_settings.REAUTHENTICATION_TIMEOUT)


def answer(
    request: MemberRequest, form: SetPinForm, template: str, facts: Mapping[str, object]
) -> HttpResponse:
    refusal: Refusal | None = None
    try:
        if form.is_valid():
            pins.save(context_of(request), request.user, form.cleaned_data["pin"])
            messages.success(request, _("Your PIN is set."))
            return redirect_to(request, next_page(request))
    except Refusal as error:
        form.add_error(None, str(error))
        refusal = error
    context = {"form": form, "next": next_page(request), **facts}
    status = 422 if form.errors else 200
    return mark_page(render(request, template, context, status=status), refusal)


def next_page(request: MemberRequest) -> str:
    """The payment that asked for a PIN, otherwise the security page."""
    url = request.POST.get("next") or request.GET.get("next")
    return url if url and is_own_page(request, url) else reverse("wallet:security")


def send_code(request: MemberRequest, back: str) -> HttpResponse:
    """Send the member a code, and return to the form."""
    try:
        proof.send_code(request)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("We sent you a code."))
    return redirect_to(request, back)
