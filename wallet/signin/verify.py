"""The page on which a member proves a phone number or an email with the code sent there."""

from __future__ import annotations

import functools
from collections.abc import Callable
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from wallet import contacts
from wallet.api import tokens
from wallet.contacts import Entered
from wallet.models import Channel, User
from wallet.signin import codes, sessions
from wallet.web.fields import PastedField
from wallet.web.http import MemberRequest, context_of, is_own_page, redirect_to
from wallet.web.rates import MINUTE_S, TooManyRequests, enforce
from wallet.web.refusals import mark_page

# Far more than a person types. The tries of each code are counted apart.
ENTRIES_PER_MINUTE = 20


class CodeForm(forms.Form):
    """Six digits. Spaces and hyphens between them are ignored."""

    code = PastedField(
        label=gettext_lazy("Code"),
        max_length=40,
        error_messages={"required": gettext_lazy("Enter the code.")},
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"].replace(" ", "").replace("-", "")
        return code


@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def verify(request: MemberRequest) -> HttpResponse:
    """Enter a code, or have new ones sent. `next` is where the member wanted to go."""
    target = request.POST.get("next") or request.GET.get("next") or "/"
    if not is_own_page(request, target):
        target = "/"
    if not contacts.to_prove(request.user):
        return redirect_to(request, target)
    if request.method == "POST" and "resend" in request.POST:
        return send_again(request, target)
    form = CodeForm(request.POST or None)
    refusal = None
    if form.is_valid():
        try:
            enforce(f"enter:user {request.user.pk}", ENTRIES_PER_MINUTE, MINUTE_S)
            entered = contacts.enter(
                context_of(request), request.user.pk, form.cleaned_data["code"]
            )
        except TooManyRequests as error:
            refusal = error
            form.add_error("code", str(error))
        else:
            if entered != Entered.WRONG:
                return answer(request, entered, target)
            form.add_error("code", why_wrong(request.user))
    return mark_page(show(request, form, target), refusal)


def why_wrong(user: User) -> str:
    if any(each.is_open for each in user.claims.all()):
        return _("This code isn't right. Enter the one we sent last.")
    return _("This code no longer works. Ask for a new one.")


def send_again(request: MemberRequest, target: str) -> HttpResponse:
    try:
        codes.resend(request, request.user)
    except TooManyRequests as refusal:
        return mark_page(show(request, CodeForm(), target, str(refusal)), refusal)
    messages.success(request, _("We sent a new code. The one before no longer works."))
    return redirect_to(request, url(target))


def answer(request: MemberRequest, entered: Entered, target: str) -> HttpResponse:
    """Go on after the right code, or say that the contact has an account already."""
    if entered == Entered.TAKEN:
        return say_taken(request)
    messages.success(request, _("Verified. Thank you."))
    if entered == Entered.CHANGED:
        sessions.end_others(request.user.pk, but=request.session)
        if tokens.live(request.user.pk).exists():
            target = reverse("wallet:revoke_api_tokens")
    return redirect_to(request, target)


def say_taken(request: MemberRequest) -> HttpResponse:
    taken = _("That number or email has another account. Sign in to it, or set a new password.")
    if User.objects.get(pk=request.user.pk).is_active:
        messages.warning(request, taken)
        return redirect_to(request, reverse("wallet:profile"))
    logout(request)
    messages.warning(request, taken)
    return redirect_to(request, reverse("account_login"))


def show(request: MemberRequest, form: CodeForm, target: str, notice: str = "") -> HttpResponse:
    context = {
        "form": form,
        "next": target,
        "notice": notice,
        "asked": contacts.to_prove(request.user),
        "has_codes": any(each.sent_at for each in request.user.claims.all()),
        "channels": Channel,
    }
    status = 422 if form.errors else 200
    return render(request, "wallet/verify.html", context, status=status)


def url(target: str = "/") -> str:
    """The page, from which the member goes on to `target`."""
    path = reverse("wallet:verify")
    return path if target == "/" else f"{path}?{urlencode({'next': target})}"


def proof_required(view: Callable[[MemberRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Send members who have proved no contact to the page where they do, and then back."""

    @functools.wraps(view)
    def wrapper(request: MemberRequest) -> HttpResponse:
        if not request.user.must_prove:
            return view(request)
        messages.warning(request, _("Verify your phone number or email first."))
        return redirect_to(request, url(request.path))

    return wrapper
