"""django-allauth's two-step sign-in forms, with our words. Pasted codes are cleaned up."""

from __future__ import annotations

from typing import Any

from allauth.core import context
from allauth.mfa.base import forms as allauth_forms
from allauth.mfa.totp import forms as totp_forms
from django import forms
from django.utils.translation import gettext as _

from wallet.signin import guesses
from wallet.signin.plain_words import CODE, PlainWords
from wallet.web.fields import PastedField
from wallet.web.rates import TooManyRequests


def code_field() -> PastedField:
    """A code from an app, or a recovery code. Spaces and hyphens are ignored."""
    return PastedField(
        max_length=40, widget=forms.TextInput(attrs={"autocomplete": "one-time-code"})
    )


class CountedCode:
    """Counts wrong codes of the person, in all tries to sign in together."""

    user: Any

    def clean_code(self) -> str:
        try:
            with guesses.counted(context.request, guesses.What.SECOND_FACTOR, self.user) as guess:
                code: str = super().clean_code()  # type: ignore[misc]
                guess.is_right = True
        except TooManyRequests as refusal:
            raise forms.ValidationError(str(refusal), code=refusal.code) from None
        return code


class AuthenticateForm(CountedCode, PlainWords, allauth_forms.AuthenticateForm):
    words = {"code": CODE}
    code = code_field()


class ReauthenticateForm(CountedCode, PlainWords, allauth_forms.ReauthenticateForm):
    words = {"code": CODE}
    code = code_field()


class ActivateForm(PlainWords, totp_forms.ActivateTOTPForm):
    """Only for people who have proved a contact: it's their way back in if they lose the app."""

    words = {"code": CODE}
    code = code_field()

    def clean_code(self) -> str:
        if self.user.must_prove:
            raise forms.ValidationError(_("Verify your phone number or email first."))
        return str(super().clean_code())
