"""django-allauth's forms for passkeys, with our words. What a browser posts is checked first."""

from __future__ import annotations

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn import forms as allauth_forms
from django import forms
from django.utils.translation import gettext_lazy as _

from wallet.signin.plain_words import PlainWords, Words
from wallet.web.fields import LineField

NAME = Words(_("Name"), _("Such as the phone or computer it is on."), _("Enter a name."))
# What allauth and fido2 raise for a made-up answer, besides a ValidationError.
MADE_UP = (AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError)


def name_field(**kwargs: Any) -> LineField:
    return LineField(max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"}), **kwargs)


class AddForm(PlainWords, allauth_forms.AddWebAuthnForm):
    """Always a passkey, so that it can sign in by itself."""

    words = {"name": NAME}
    name = name_field(required=False)
    passwordless = None

    def clean(self) -> dict[str, Any]:
        try:
            return super().clean() or {}
        except MADE_UP:
            raise refusal() from None


class RenameForm(PlainWords, allauth_forms.EditWebAuthnForm):
    words = {"name": NAME}
    name = name_field()


class Answers(forms.Form):
    """Takes the answer of a passkey."""

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except MADE_UP:
            raise refusal() from None


class LoginForm(Answers, allauth_forms.LoginWebAuthnForm):
    pass


class AuthenticateForm(Answers, allauth_forms.AuthenticateWebAuthnForm):
    pass


class ReauthenticateForm(Answers, allauth_forms.ReauthenticateWebAuthnForm):
    pass


def refusal() -> forms.ValidationError:
    return get_adapter().validation_error("incorrect_code")  # type: ignore[no-any-return]
