"""django-allauth's two-step sign-in forms, with our words. Pasted codes are cleaned up."""

from __future__ import annotations

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as allauth_forms
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp_forms
from django import forms
from django.contrib import messages
from django.utils.translation import gettext, ngettext

from wallet.errors import Refusal
from wallet.models import User
from wallet.signin import factors, guesses
from wallet.signin.factors import UsedAlready
from wallet.signin.guesses import What
from wallet.signin.plain_words import CODE, PlainWords
from wallet.web.fields import PastedField
from wallet.web.refusals import FieldRefused


def code_field() -> PastedField:
    """A code from an app, or a recovery code. Spaces and hyphens are ignored."""
    return PastedField(
        max_length=40, widget=forms.TextInput(attrs={"autocomplete": "one-time-code"})
    )


class UsesCode(PlainWords):
    """Takes each code once, and counts wrong ones. allauth remembers used codes in the cache, but
    not the one that turned two-step sign-in on, and between two requests for an expired entry both
    win."""

    words = {"code": CODE}
    user: User
    authenticator: Authenticator | None

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        try:
            with guesses.counted(context.request, What.SECOND_FACTOR, self.user) as guess:
                self.authenticator = factors.use_code(self.user, code)
                guess.is_right = self.authenticator is not None
        except Refusal as refusal:
            raise FieldRefused(refusal) from None
        if self.authenticator is None:
            raise get_adapter().validation_error("incorrect_code")
        return code

    def save(self) -> None:
        super().save()  # type: ignore[misc]
        self.say_what_is_left()

    def say_what_is_left(self) -> None:
        assert self.authenticator
        if self.authenticator.type == Authenticator.Type.RECOVERY_CODES:
            messages.warning(context.request, codes_left(factors.codes_left(self.user)))


def codes_left(count: int) -> str:
    """What someone hears who has just used a recovery code."""
    if not count:
        return gettext("You used your last recovery code. Make new ones now.")
    sentence = ngettext(
        "You used a recovery code. You have %d left.",
        "You used a recovery code. You have %d left.",
        count,
    )
    return sentence % count


class AuthenticateForm(UsesCode, allauth_forms.AuthenticateForm):
    code = code_field()


class ReauthenticateForm(UsesCode, allauth_forms.ReauthenticateForm):
    """Gives the session a new key, as the password does."""

    code = code_field()

    def save(self) -> None:
        super().save()
        context.request.session.cycle_key()


class ActivateForm(PlainWords, totp_forms.ActivateTOTPForm):
    """The code that turns it on is used up too."""

    words = {"code": CODE}
    code = code_field()

    def clean_code(self) -> str:
        code: str = super().clean_code()
        try:
            is_right = factors.use_totp(self.user, self.secret, code)
        except UsedAlready as refusal:
            raise FieldRefused(refusal) from None
        # The step may have ended between the two looks at the clock.
        if not is_right:
            raise get_adapter().validation_error("incorrect_code")
        return code
