"""django-allauth's forms for passkeys, with our words. What a browser posts is checked first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.core import context
from allauth.mfa.webauthn import forms as allauth_forms
from django import forms
from django.utils.translation import gettext_lazy as _

from wallet.models import User
from wallet.signin import guesses
from wallet.signin.guesses import What
from wallet.signin.plain_words import PlainWords, Words
from wallet.web.fields import LineField

NAME = Words(_("Name"), _("Such as the phone or computer it is on."), _("Enter a name."))
DID_NOT_WORK = _("This passkey didn't work. Try again, or use another way.")
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
        with our_refusal():
            return super().clean() or {}


class RenameForm(PlainWords, allauth_forms.EditWebAuthnForm):
    words = {"name": NAME}
    name = name_field()


class Answers(forms.Form):
    """Takes the answer of a passkey."""

    def save(self) -> None:
        super().save()  # type: ignore[misc]

    def clean_credential(self) -> Any:
        with our_refusal():
            return super().clean_credential()  # type: ignore[misc]


class LoginForm(Answers, allauth_forms.LoginWebAuthnForm):
    pass


class AnswersOfPerson(Answers):
    """Takes the answer of a person who is known. The audit has a wrong one."""

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()
        except forms.ValidationError:
            user: User = self.user  # type: ignore[attr-defined]
            guesses.note_wrong(context.request, What.SECOND_FACTOR, user)
            raise


class AuthenticateForm(AnswersOfPerson, allauth_forms.AuthenticateWebAuthnForm):
    pass


class ReauthenticateForm(AnswersOfPerson, allauth_forms.ReauthenticateWebAuthnForm):
    """Gives the session a new key, as the password does."""

    def save(self) -> None:
        super().save()
        context.request.session.cycle_key()


@contextmanager
def our_refusal() -> Iterator[None]:
    """One sentence for an answer that is wrong, whether fido2 refuses it or can't read it."""
    try:
        yield
    except MADE_UP:
        raise forms.ValidationError(DID_NOT_WORK, code="incorrect_passkey") from None
    except forms.ValidationError as error:
        if error.code != "incorrect_code":
            raise
        raise forms.ValidationError(DID_NOT_WORK, code="incorrect_passkey") from None
