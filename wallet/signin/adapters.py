"""How django-allauth meets our people."""

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django import forms
from django.contrib.auth.models import AbstractBaseUser
from django.forms import BaseForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from wallet.api import tokens
from wallet.models import User
from wallet.staff.roles import reads_panel
from wallet.web.fields import PhoneField
from wallet.web.http import is_own_page

# The field takes either, so the sentence does not guess which of them was meant.
WRONG_LOGIN = _("Phone, email or password is not right.")

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_taken": _("This email already has an account. Sign in instead."),
        "phone_taken": _("This number already has an account. Sign in instead."),
        "email_password_mismatch": WRONG_LOGIN,
        "phone_password_mismatch": WRONG_LOGIN,
        "enter_current_password": _("Your password is not right."),
        "incorrect_password": _("Your password is not right."),
        "invalid_password_reset": _("This link has been used or is too old. Ask for a new one."),
        "account_inactive": _("This account is closed."),
        "rate_limited": _("Too many tries. Wait a few minutes, then try again."),
        "too_many_login_attempts": _("Too many tries. Wait a few minutes, then try again."),
    }

    def save_user(
        self, request: HttpRequest, user: User, form: BaseForm, commit: bool = True
    ) -> User:
        """Open the person with their wallet. allauth's empty `user` is left behind."""
        data = form.cleaned_data
        return User.objects.create_user(
            name=data["name"],
            email=data.get("email"),
            phone=data.get("phone"),
            password=data["password1"],
        )

    def is_safe_url(self, url: str | None) -> bool:
        """Our own pages only. allauth's own answer to an address like `//[` is an exception."""
        return is_own_page(self.request, url)

    def set_password(self, user: User, password: str) -> None:
        """A new password ends every API token too: whoever knew the old one may have made one."""
        super().set_password(user, password)
        tokens.revoke_all(user.pk)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """The team comes to its desk and operators to the admin, unless their own wallet holds
        money."""
        user: User = request.user  # type: ignore[assignment]
        desk = "admin:index" if user.is_staff else ""
        if reads_panel(user):
            desk = "adminpanel:overview"
        if desk and not user.accounts.filter(balance_cents__gt=0).exists():
            return reverse(desk)
        return str(super().get_login_redirect_url(request))

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("wallet:profile")

    def send_notification_mail(
        self,
        template_prefix: str,
        user: AbstractBaseUser,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell the holder by mail. What was done stands, whether or not the mail can be sent."""
        email = email or getattr(user, "email", None)
        if not email:
            return
        try:
            super().send_notification_mail(template_prefix, user, context, email)
        except (OSError, SMTPException):
            logger.exception("mail not sent", extra={"template": template_prefix, "user": user.pk})

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count failed sign-ins by the person tried: allauth's own key knows no phones."""
        login = credentials.get("email") or credentials.get("phone") or ""
        user = User.objects.with_login(login)
        return f"user {user.pk}" if user else f"nobody {login.strip().lower()}"

    def phone_form_field(self, **kwargs: Any) -> forms.Field:
        return PhoneField(**kwargs)

    def get_phone(self, user: User) -> tuple[str, bool] | None:
        return (user.phone, False) if user.phone else None

    def set_phone(self, user: User, phone: str, verified: bool) -> None:
        user.phone = phone
        user.save(update_fields=["phone"])

    def set_phone_verified(self, user: User, phone: str) -> None:
        """Nothing to keep: no code is sent before there is an SMS rail."""

    def get_user_by_phone(self, phone: str) -> User | None:
        return User.objects.with_login(phone)

    def send_verification_code_sms(self, user: User, phone: str, code: str, **kwargs: Any) -> None:
        """Never called: ACCOUNT_PHONE_VERIFICATION_ENABLED is off."""
        raise NotImplementedError


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("This code is not right. Enter the newest one that your app shows."),
    }
