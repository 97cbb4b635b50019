"""Prove who you are when the PIN is forgotten or the wallet is frozen.

The password, and a second thing: a code of two-step sign-in, or without it a code that we send to
the phone number or the email.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django import forms
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from wallet import messages
from wallet.db.retries import committed
from wallet.messages import contact_of
from wallet.models import User
from wallet.signin import codes, factors, guesses
from wallet.signin.code_forms import code_field
from wallet.text import ORDINARY_ONLY
from wallet.web.http import MemberRequest

WORKS_FOR = timedelta(minutes=10)
SESSION_KEY = "own_code"


class ProofForm(forms.Form):
    """The password and a code. `clean` counts each try."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={
            "required": _("Enter your password."),
            "null_characters_not_allowed": ORDINARY_ONLY,
        },
    )
    code = code_field()

    def __init__(self, *args: Any, request: MemberRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.fields["code"].label = _("Code")
        self.fields["code"].error_messages["required"] = _("Enter the code.")
        self.fields["code"].help_text = (
            _("From your app, or a recovery code.")
            if has_second_factor(request.user)
            else _("The one that we sent you. It works for 10 minutes.")
        )

    def clean(self) -> dict[str, Any]:
        """Raises TooManyRequests."""
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        user = self.request.user
        # A right code is spent, so look at the password first.
        if not guesses.check_password(self.request, user, cleaned["password"]):
            self.add_error("password", _("This password isn't right. Enter it again."))
        elif not is_code(self.request, cleaned["code"]):
            self.add_error("code", _("This code isn't right. Enter the newest one."))
        return cleaned


def has_second_factor(user: User) -> bool:
    """One whose code can be typed."""
    return bool(authenticators(user))


def authenticators(user: User) -> list[Authenticator]:
    mine = Authenticator.objects.filter(user=user)
    return list(mine.exclude(type=Authenticator.Type.WEBAUTHN))


def is_code(request: MemberRequest, code: str) -> bool:
    """Is this a code of the second factor, or without one the code that we sent? It works once."""
    mine = authenticators(request.user)
    with guesses.counted(request, guesses.What.SECOND_FACTOR, request.user) as guess:
        if mine:
            guess.is_right = factors.use_code(request.user, code) is not None
        else:
            guess.is_right = is_sent_code(request, code)
    return guess.is_right


def is_sent_code(request: MemberRequest, code: str) -> bool:
    known = request.session.get(SESSION_KEY)
    if not known or known["until"] < timezone.now().timestamp():
        return False
    if not constant_time_compare(known["digest"], keyed(request.user, code)):
        return False
    del request.session[SESSION_KEY]
    return True


def send_code(request: MemberRequest) -> None:
    """Send a code to the member's phone, or by email if there is none.

    The session keeps its digest, so it works in this browser only. Raises TooManyRequests.
    """
    user, contact = request.user, contact_of(request.user)
    assert contact, "no one signs in without a contact"
    codes.count(request, [contact], user)
    code = f"{secrets.randbelow(10**6):06}"
    until = timezone.now() + WORKS_FOR
    request.session[SESSION_KEY] = {"digest": keyed(user, code), "until": until.timestamp()}

    @committed
    def queue() -> None:
        messages.send_code(user.pk, contact, code, send_before=until)

    queue()


def keyed(user: User, code: str) -> str:
    return salted_hmac("wallet.proof", f"{user.pk} {code}", algorithm="sha256").hexdigest()
