"""Step-up: a large payment, or one on a new device, asks for the second factor.

What was asked and passed is in the session, under the id of the order: another amount or payee is
another order. A member without a second factor enters a code that we send them.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from datetime import timedelta
from typing import Any

from allauth.mfa.base import forms as allauth_forms
from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from wallet.messages import Contact, send_code
from wallet.money import format_money
from wallet.signin import codes, devices, factors, guesses
from wallet.signin.code_forms import UsesCode, code_field
from wallet.signin.codes import RESEND_AFTER, TOO_SOON
from wallet.signin.guesses import What
from wallet.signin.plain_words import CODE, PlainWords
from wallet.web.fields import PastedField
from wallet.web.http import MemberRequest
from wallet.web.rates import MINUTE_S, TooManyRequests
from wallet.web.refusals import FieldRefused

PASSED, SENT = "step_up_passed", "step_up_code"
VALID_S = 5 * MINUTE_S
CODE_VALID_S = 10 * MINUTE_S
WRONG = _("This code isn't right. Enter the one we sent last.")


def is_needed(request: HttpRequest, amount_cents: int) -> bool:
    """Does this payment ask for the second factor? A limit of 0 means every payment does."""
    return amount_cents > settings.STEP_UP_ABOVE_CENTS or is_unproved_device(request)


def reason(request: HttpRequest) -> str:
    """Why this payment asks, in words for its page."""
    if is_unproved_device(request):
        return gettext("We ask because this device is new to your wallet.")
    if not settings.STEP_UP_ABOVE_CENTS:
        return gettext("We ask before each payment.")
    limit = format_money(settings.STEP_UP_ABOVE_CENTS)
    return gettext("We ask before each payment above {amount}.").format(amount=limit)


def is_unproved_device(request: HttpRequest) -> bool:
    """A new device, on which the person entered no second factor when they signed in."""
    return not factors.has_passed(request) and devices.is_new(request)


def digest(*parts: object) -> str:
    """The id of what is asked about, such as an order."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def has_passed(request: HttpRequest, order_id: str) -> bool:
    """Did this session pass for this order in the last 5 minutes?"""
    until: float = request.session.get(PASSED, {}).get(order_id, 0)
    return time.time() < until


def record_passed(request: HttpRequest, order_id: str) -> None:
    now = time.time()
    live = {key: until for key, until in request.session.get(PASSED, {}).items() if now < until}
    request.session[PASSED] = live | {order_id: now + VALID_S}
    request.session.pop(SENT, None)
    devices.trust(request)


class FactorForm(UsesCode, allauth_forms.BaseAuthenticateForm):
    """A code from the app, or a recovery code."""

    code = code_field()

    def save(self) -> None:
        assert self.authenticator
        self.authenticator.record_usage()
        self.say_what_is_left()


class SentCodeForm(PlainWords):
    """The code that we sent for this order."""

    words = {"code": CODE}
    code = PastedField(
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, request: MemberRequest, order_id: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request, self.order_id = request, order_id

    def clean_code(self) -> str:
        sent = sent_code(self.request, self.order_id)
        entered: str = self.cleaned_data["code"]
        if sent is None:
            raise forms.ValidationError(_("This code is too old. We sent a new one."), code="old")
        try:
            with guesses.counted(self.request, What.SECOND_FACTOR, self.request.user) as guess:
                hashed = hash_of(entered, self.order_id)
                guess.is_right = constant_time_compare(hashed, sent["hash"])
        except TooManyRequests as refusal:
            raise FieldRefused(refusal) from None
        if not guess.is_right:
            raise forms.ValidationError(WRONG, code="incorrect_code")
        return entered

    def save(self) -> None:
        """The code ends with the order's pass."""


def sent_code(request: HttpRequest, order_id: str) -> dict[str, Any] | None:
    """The code that was sent for this order and still works."""
    sent: dict[str, Any] = request.session.get(SENT, {})
    is_live = sent.get("order") == order_id and time.time() < sent["until"]
    return sent if is_live else None


def send(request: MemberRequest, order_id: str, contact: Contact, *, is_new: bool = False) -> None:
    """Send a code for this order, unless one was sent that still works. Raises TooManyRequests.

    `is_new` replaces that one, at most once in half a minute.
    """
    if sent := sent_code(request, order_id):
        if not is_new:
            return
        age_s = time.time() - (sent["until"] - CODE_VALID_S)
        if age_s < RESEND_AFTER.total_seconds():
            raise TooManyRequests(int(RESEND_AFTER.total_seconds() - age_s) + 1, TOO_SOON)
    codes.count(request, [contact], request.user)
    code = f"{secrets.randbelow(1_000_000):06}"
    request.session[SENT] = {
        "order": order_id,
        "hash": hash_of(code, order_id),
        "until": time.time() + CODE_VALID_S,
    }
    send_before = timezone.now() + timedelta(seconds=CODE_VALID_S)
    send_code(request.user.pk, contact, code, send_before=send_before)


def hash_of(code: str, order_id: str) -> str:
    return salted_hmac("wallet.step_up", f"{code} {order_id}", algorithm="sha256").hexdigest()
