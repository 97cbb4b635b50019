"""django-allauth's two-step sign-in forms, with our words. Pasted codes are cleaned up."""

from __future__ import annotations

from allauth.mfa.base import forms as allauth_forms
from allauth.mfa.totp import forms as totp_forms
from django import forms
from django.utils.translation import gettext as _

from wallet.signin.plain_words import CODE, PlainWords
from wallet.web.fields import PastedField


def code_field() -> PastedField:
    """A code from an app, or a recovery code. Spaces and hyphens are ignored."""
    return PastedField(
        max_length=40, widget=forms.TextInput(attrs={"autocomplete": "one-time-code"})
    )


class AuthenticateForm(PlainWords, allauth_forms.AuthenticateForm):
    words = {"code": CODE}
    code = code_field()


class ReauthenticateForm(PlainWords, allauth_forms.ReauthenticateForm):
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
