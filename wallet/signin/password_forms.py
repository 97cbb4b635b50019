"""django-allauth's password forms, with our words."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from allauth.account.forms import default_token_generator
from allauth.account.internal.flows.password_reset import request_password_reset
from allauth.account.utils import user_pk_to_url_str
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from wallet import contacts
from wallet.emails import parse_email
from wallet.models import User
from wallet.phones import parse_phone
from wallet.signin import recovery
from wallet.signin.plain_words import STRONG, PlainWords, Words
from wallet.web.fields import LoginField

NEW_PASSWORD = {
    "password1": Words(_("New password"), STRONG, _("Choose a password.")),
    "password2": Words(_("New password again"), required=_("Enter the new password again.")),
}


class PasswordTwice(PlainWords):
    """A new password, entered twice to catch typing errors."""

    words = NEW_PASSWORD

    def clean_password2(self) -> str:
        first, second = self.cleaned_data.get("password1"), self.cleaned_data["password2"]
        if first and first != second:
            raise forms.ValidationError(_("Enter the same password twice."), code="not_alike")
        return str(second)


class ChangePasswordForm(PasswordTwice, allauth_forms.ChangePasswordForm):
    words = NEW_PASSWORD | {
        "oldpassword": Words(_("Current password"), required=_("Enter your current password."))
    }

    def clean_oldpassword(self) -> str:
        """Count a wrong one like a wrong sign-in."""
        password = str(self.cleaned_data["oldpassword"])
        adapter = get_adapter()
        if not adapter.reauthenticate(self.user, password):
            raise adapter.validation_error("enter_current_password")
        return password


class SetPasswordForm(PasswordTwice, allauth_forms.SetPasswordForm):
    pass


class ResetPasswordKeyForm(PasswordTwice, allauth_forms.ResetPasswordKeyForm):
    pass


class ReauthenticateForm(PlainWords, allauth_forms.ReauthenticateForm):
    words = {"password": Words(_("Password"), required=_("Enter your password."))}


def link_of(user: User) -> str:
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    return str(get_adapter().get_reset_password_from_key_url(key))


class ResetPasswordForm(PlainWords, allauth_forms.ResetPasswordForm):
    """Shows the same page whether or not anyone has the phone number or email."""

    email = LoginField(widget=forms.TextInput(attrs={"autocomplete": "username"}))
    words = {
        "email": Words(_("Phone number or email"), required=_("Enter your phone number or email."))
    }

    def clean_email(self) -> str:
        """Phone numbers become E.164."""
        typed: str = self.cleaned_data["email"]
        return parse_email(typed) if "@" in typed else parse_phone(typed)

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Mail a link, or send a code. Raises TooManyRequests."""
        contact: str = self.cleaned_data["email"]
        request.session.pop(recovery.SESSION_KEY, None)
        if "@" not in contact:
            recovery.send_code(request, contact)
            return contact
        user = contacts.recovering(contact)
        if user is None:
            # The work of a link, so that it takes as long as for someone who has an account.
            link_of(User(pk=0, email=contact))
        request_password_reset(request, contact, [user] if user else [], default_token_generator)
        return contact
