"""django-allauth's password forms, with our words."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from allauth.account.utils import filter_users_by_email
from django import forms
from django.utils.translation import gettext_lazy as _

from wallet.phones import is_phone
from wallet.signin.plain_words import STRONG, PlainWords, Words
from wallet.web.fields import EmailField

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


class ResetPasswordForm(PlainWords, allauth_forms.ResetPasswordForm):
    """Shows the same page whether or not the email has an account. The mail explains."""

    email = EmailField()
    words = {"email": Words(_("Email"), required=_("Enter your email."))}

    def full_clean(self) -> None:
        """For a phone number, explain why we need an email instead."""
        super().full_clean()
        typed: Any = self["email"].value() if self.is_bound else ""
        if "email" in self.errors and is_phone(typed or ""):
            sentence = _("We can't send a link to a phone number. Enter your email.")
            self.errors["email"] = self.error_class(
                [str(sentence)], renderer=self.renderer, field_id="id_email"
            )

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        self.users = filter_users_by_email(email, is_active=True, prefer_verified=True)
        return email
