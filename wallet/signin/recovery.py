"""Forgotten passwords: a link by mail, or a code by SMS that leads to the same page."""

from __future__ import annotations

import secrets
import time
from typing import TypedDict

from allauth.account.adapter import get_adapter
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.account.views import PasswordResetView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from wallet import contacts, messages
from wallet.context import Context
from wallet.messages import Contact
from wallet.models import Channel, User
from wallet.models.contacts import TRIES
from wallet.signin import codes
from wallet.signin.verify import CodeForm
from wallet.web import rates
from wallet.web.http import ip_address
from wallet.web.rates import HOUR_S, TooManyRequests
from wallet.web.refusals import mark_page

SESSION_KEY = "recovery"


class Recovery(TypedDict):
    """What the session knows of a code that was sent. `user_id` is None if no account has the
    phone number: then no code is right."""

    id: str
    phone: str
    user_id: int | None
    digest: str
    until_s: float


class ForgotPassword(PasswordResetView):
    """allauth's page, which also takes a phone number. It answers the same for unknown people."""

    def form_valid(self, form: object) -> HttpResponse:
        try:
            answer: HttpResponse = super().form_valid(form)
        except TooManyRequests as refusal:
            form.add_error("email", str(refusal))  # type: ignore[attr-defined]
            return mark_page(self.render_to_response(self.get_context_data(form=form)), refusal)
        return answer

    def get_success_url(self) -> str:
        if SESSION_KEY in self.request.session:
            return reverse("account_reset_code")
        return str(super().get_success_url())


def send_code(request: HttpRequest, phone: str) -> None:
    """Send a code to a phone number, if an account has it. Raises TooManyRequests."""
    contact = Contact(Channel.SMS, phone)
    codes.count(request, [contact])
    user = contacts.recovering(phone)
    code, id = contacts.new_code(), secrets.token_urlsafe(12)
    until = timezone.now() + contacts.CODE_LASTS
    if user:
        messages.send_code(user.pk, contact, code, send_before=until)
    else:
        messages.send_nothing(contact)
    request.session[SESSION_KEY] = Recovery(
        id=id,
        phone=phone,
        user_id=user.pk if user else None,
        digest=contacts.digest(code, id),
        until_s=until.timestamp(),
    )


@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def enter_code(request: HttpRequest) -> HttpResponse:
    """Enter the code that was sent by SMS, then choose a new password."""
    recovery: Recovery | None = request.session.get(SESSION_KEY)
    if recovery is None:
        return redirect("account_reset_password")
    form = CodeForm(request.POST or None)
    if form.is_valid():
        if user := who_may_go_on(request, recovery, form.cleaned_data["code"]):
            del request.session[SESSION_KEY]
            key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
            return redirect(get_adapter(request).get_reset_password_from_key_url(key))
        form.add_error("code", _("This code isn't right, or no longer works. Check it."))
    context = {"form": form, "phone": recovery["phone"]}
    status = 422 if form.errors else 200
    return render(request, "account/password_reset_code.html", context, status=status)


def who_may_go_on(request: HttpRequest, recovery: Recovery, code: str) -> User | None:
    """The account's owner, if this is the code. It also proves the phone number."""
    # Counted in the database, so that requests at the same moment don't share a try.
    if rates.count(f"recovery:{recovery['id']}", HOUR_S) > TRIES:
        return None
    is_right = constant_time_compare(recovery["digest"], contacts.digest(code, recovery["id"]))
    if not is_right or time.time() > recovery["until_s"] or recovery["user_id"] is None:
        return None
    user = contacts.recovering(recovery["phone"])
    if user is None or user.pk != recovery["user_id"]:
        return None
    if not user.phone_proved_at:
        context = Context(user.pk, ip_address(request))
        contacts.confirm(context, user.pk, Contact(Channel.SMS, recovery["phone"]))
        user.refresh_from_db()
    return user
