"""django-allauth's forms of two-step sign-in: our words, and codes taken as they are pasted."""

from __future__ import annotations

from allauth.mfa.base import forms as allauth_forms
from allauth.mfa.totp import forms as totp_forms
from django import forms

from wallet.signin.plain_words import CODE, PlainWords
from wallet.web.fields import PastedField


def code_field() -> PastedField:
    """A code from an app or from a list. Spaces and hyphens in it don't count."""
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
    words = {"code": CODE}
    code = code_field()
