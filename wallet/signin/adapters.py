"""Adapters between django-allauth and our users, with our error messages."""

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.stagekit import pop_login
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django import forms
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.sites.shortcuts import get_current_site
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import lazystr
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from wallet import contacts, messages, safety, sealing
from wallet.api import tokens
from wallet.context import Context
from wallet.models import Device, User
from wallet.safety import Change
from wallet.sealing import Unreadable
from wallet.signin import devices, factors, guesses, sessions
from wallet.signin.factors import StaffKeepOne
from wallet.staff import access, subjects
from wallet.staff.access import SIGN_INS_PER_HOUR, Action
from wallet.staff.roles import Right, is_staff_now, rights_of
from wallet.web.fields import PhoneField
from wallet.web.http import ip_address, is_own_page
from wallet.web.rates import MINUTE_S, TooManyRequests
from wallet.web.refusals import FieldRefused

# The field takes either, so the sentence names both.
WRONG_LOGIN = _("The phone number, email or password isn't right.")
WRONG_PASSWORD = _("This password isn't right.")
# For allauth's limits, which don't say how long. Ours do: `wallet/signin/guesses.py`.
TOO_MANY = lazystr(TooManyRequests(5 * MINUTE_S, _("Too many attempts.")))

# Templates of changes that `safety.changed` alerts about.
ALERTED = (
    *("account/email/password_changed", "account/email/password_reset"),
    *("account/email/password_set", "mfa/email/"),
)

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": _("This account is closed."),
        "cannot_remove_primary_email": _("This is your main email. Choose another one first."),
        "duplicate_email": _("This email is already on your account."),
        "email_password_mismatch": WRONG_LOGIN,
        "email_taken": _("This email already has an account. Sign in instead."),
        "enter_current_password": WRONG_PASSWORD,
        "incorrect_code": _("This code isn't right. Enter the one we sent last."),
        "incorrect_password": WRONG_PASSWORD,
        "invalid_login": WRONG_LOGIN,
        "invalid_or_expired_key": _("This link no longer works. Ask for a new one."),
        "invalid_password_reset": _("This link was used or is too old. Ask for a new one."),
        "max_email_addresses": _("You can't add more than %d emails."),
        "phone_password_mismatch": WRONG_LOGIN,
        "phone_taken": _("This number already has an account. Sign in instead."),
        "rate_limited": TOO_MANY,
        "same_as_current": _("You already use this one. Enter another."),
        "select_only_one": _("Enter either a phone number or an email."),
        "too_many_login_attempts": TOO_MANY,
        "unknown_email": _("No account has this email."),
        "unknown_phone": _("No account has this phone number."),
        "unverified_primary_email": _("Confirm your main email first."),
        "username_blacklisted": WRONG_LOGIN,
        # For a login that is neither an email nor a phone number.
        "username_password_mismatch": WRONG_LOGIN,
        "username_taken": WRONG_LOGIN,
    }

    def get_client_ip(self, request: HttpRequest) -> str:
        return ip_address(request)

    def is_safe_url(self, url: str | None) -> bool:
        """Allow only our own pages. allauth's version raises for a URL like `//[`."""
        return is_own_page(self.request, url)

    def set_password(self, user: User, password: str) -> None:
        """Also revoke all API tokens: a thief with the old password may have made some.

        Other sessions end, and guesses at the old password don't count. A reset is the person's own
        act too: they came with a link that was sent to them.
        """
        request = self.request
        # Hashing is slow on purpose, so do it before the transaction begins.
        user.set_password(password)
        with transaction.atomic():
            safety.changed(Context(user.pk, ip_address(request)), user.pk, Change.PASSWORD)
            user.save(update_fields=["password"])
            tokens.revoke_all(user.pk)
            guesses.forget(user)
            # Someone who came with a link may have begun to sign in with the old password.
            pop_login(request)
            sessions.end_others(user.pk, but=request.session)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        words = {
            "reauthenticate": _("Use your password"),
            "mfa_reauthenticate": _("Use a code from your app or a recovery code"),
            "mfa_reauthenticate:webauthn": _("Use a passkey"),
        }
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return [each | {"description": words[each["id"]]} for each in methods]

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Finance and auditors start on the panel, support on its members, operators in the admin.

        Staff whose own wallet has money start on their wallet, like members. Staff without a second
        factor set one up first.
        """
        user: User = request.user  # type: ignore[assignment]
        if is_staff_now(user) and not factors.has_passed(request):
            return reverse("mfa_index")
        work = "admin:index" if user.is_staff else ""
        if rights := rights_of(user):
            work = "adminpanel:overview" if Right.READ in rights else "adminpanel:members"
        if work and not user.accounts.filter(balance_cents__gt=0).exists():
            return reverse(work)
        return str(super().get_login_redirect_url(request))

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("wallet:security")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue it: the page takes the same time for everyone, and a slow mail server keeps no one
        waiting and no row locked."""
        message = self.render_mail(template_prefix, email, self.facts(email, context))
        user = context.get("user")
        subject, text = str(message.subject), str(message.body)
        messages.send_mail(user.pk if user else None, email, subject, text)

    def facts(self, email: str, context: dict[str, Any]) -> dict[str, Any]:
        """What all mail templates may use, as in allauth's own `send_mail`."""
        site = get_current_site(self.request)
        return {"request": self.request, "email": email, "current_site": site} | context

    def send_notification_mail(
        self,
        template_prefix: str,
        user: AbstractBaseUser,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Notify the user by mail.

        What `safety.changed` has alerted the person about isn't mailed again.
        """
        by_operator = self.request.user.is_authenticated and self.request.user.pk != user.pk
        if template_prefix.startswith(ALERTED) and not by_operator:
            return
        email = email or getattr(user, "email", None)
        if email:
            super().send_notification_mail(template_prefix, user, context, email)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """The person with this login and password. Counts the guess.

        Raises ValidationError after too many.
        """
        logins = [credentials.get(name) for name in ("email", "phone", "username")]
        login = next((str(each) for each in logins if each), "")
        claimed = contacts.signing_in(login)
        try:
            with guesses.counted(request, guesses.What.PASSWORD, claimed, login) as guess:
                user: User | None = super().authenticate(request, **credentials)
                guess.is_right = user is not None
        except TooManyRequests as refusal:
            raise FieldRefused(refusal) from None
        return user

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Replaces allauth's limits: `authenticate` has ours."""

    def reauthenticate(self, user: Any, password: str) -> bool:
        """A right password gives the session a new key, so that a copy of the old one ends."""
        try:
            is_right = guesses.check_password(self.request, user, password)
        except TooManyRequests as refusal:
            raise FieldRefused(refusal) from None
        if is_right:
            self.request.session.cycle_key()
        return is_right

    def login(self, request: HttpRequest, user: Any) -> None:
        """Sign in, and note with which device. Alert the person if it's a new one."""
        has_signed_in_before = user.last_login is not None
        super().login(request, user)
        with transaction.atomic():
            device, self.device_token, is_unknown = devices.recognise(request, user)
            note_sign_in(request, user, device, is_new=is_unknown)
            if is_unknown and has_signed_in_before:
                link = request.build_absolute_uri(reverse("wallet:sessions"))
                messages.alert(user.pk, messages.Topic.NEW_DEVICE, device=device.name, link=link)
        session: Any = request.session
        session.device_id, session.ip_address = device.pk, ip_address(request)

    def logout(self, request: HttpRequest) -> None:
        sessions.sign_out(request)

    def post_login(self, request: HttpRequest, user: Any, **more: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **more)
        devices.remember(response, self.device_token)
        return response

    def phone_form_field(self, **kwargs: Any) -> forms.Field:
        return PhoneField(**kwargs)

    def get_phone(self, user: User) -> tuple[str, bool] | None:
        return (user.phone, False) if user.phone else None

    def set_phone(self, user: User, phone: str, verified: bool) -> None:
        user.phone = phone
        user.save(update_fields=["phone"])

    def set_phone_verified(self, user: User, phone: str) -> None:
        """Never called: `wallet.contacts` proves phone numbers."""

    def get_user_by_phone(self, phone: str) -> User | None:
        return contacts.signing_in(phone)

    def send_verification_code_sms(self, user: User, phone: str, code: str, **kwargs: Any) -> None:
        """Never called: `wallet.contacts` sends codes. allauth wants it to be there."""
        raise AssertionError


def note_sign_in(request: HttpRequest, user: User, device: Device, *, is_new: bool) -> None:
    """Record the sign-in, with its device, and with what the person proved who they are."""
    methods = [str(record["method"]) for record in get_authentication_records(request, user)]
    access.record(
        Context(user.pk, ip_address(request)),
        Action.SIGN_IN,
        subjects.member(user.pk),
        key=user.pk,
        most=SIGN_INS_PER_HOUR,
        device=f"{device.name} (new)" if is_new else device.name,
        by=methods,
    )


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "add_email_blocked": _("Turn off two-step sign-in before you add an email."),
        "cannot_delete_authenticator": StaffKeepOne.sentence,
        "cannot_generate_recovery_codes": _(
            "Turn on two-step sign-in first. Recovery codes replace its app."
        ),
        "incorrect_code": _("This code isn't right. Enter the newest code in your app."),
        "unverified_email": _("Confirm your email before you turn on two-step sign-in."),
    }

    def encrypt(self, text: str) -> str:
        return sealing.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """A secret of a SECRET_KEY that we no longer have becomes a random one: no code is right.
        An empty one would have codes that anyone can compute."""
        try:
            return sealing.unseal(encrypted_text)
        except Unreadable:
            logger.exception("a second factor was sealed with a SECRET_KEY that isn't known")
            return str(generate_totp_secret())

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        try:
            factors.refuse_last_of_staff(authenticator)
        except StaffKeepOne:
            return False
        return True

    def generate_authenticator_name(self, user: AbstractBaseUser, type: str) -> str:
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return gettext("Passkey %d") % (count + 1) if count else gettext("My passkey")

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return entity | {"name": "Nissmart"}
