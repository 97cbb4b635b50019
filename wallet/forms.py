"""Forms for sign-up, sign-in, the profile and API tokens."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from allauth.account import forms as allauth_forms
from django import forms
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wallet import operations
from wallet.errors import Refusal
from wallet.models import User
from wallet.models.protected import refuse_near_names, refuse_protected_names
from wallet.names import refuse_house_names, refuse_invisible_characters, refuse_mixed_scripts
from wallet.safety import Change
from wallet.signin import guesses
from wallet.signin.plain_words import STRONG, PlainWords, Words
from wallet.text import ORDINARY_ONLY
from wallet.web.fields import EmailField, LineField, LoginField, PhoneField, PickField
from wallet.web.rates import TooManyRequests

PHONE_HINT = _("A Kenyan number in any format, like 0712 345 678.")


# What a name must be, on each form.
NAME_RULES = (
    refuse_invisible_characters,
    refuse_house_names,
    refuse_mixed_scripts,
    refuse_protected_names,
)


def name_field(*more: Callable[[str], None], **kwargs: Any) -> LineField:
    """A field for a person's name, with these rules besides NAME_RULES."""
    kwargs = {
        "label": _("Full name"),
        "help_text": _("As on your ID. People you send to see your first name and initial."),
        "widget": forms.TextInput(attrs={"autocomplete": "name"}),
        "error_messages": {"required": _("Enter your name.")},
    } | kwargs
    return NameField(max_length=80, validators=[*NAME_RULES, *more], **kwargs)


class NameField(LineField):
    def run_validators(self, value: Any) -> None:
        """Show only the first error: a name may break several rules in the same way."""
        try:
            super().run_validators(value)
        except forms.ValidationError as error:
            raise forms.ValidationError(error.error_list[:1]) from None


class SignupForm(PlainWords, allauth_forms.SignupForm):
    """Name, phone number or email or both, and a password."""

    field_order = ["name", "phone", "email", "password1"]
    words = {
        "phone": Words(
            _("Phone number"),
            _("Like 0712 345 678, in any format. Optional if you enter an email."),
        ),
        "email": Words(
            _("Email"),
            _("For a new password if you forget yours. Optional if you enter a phone number."),
        ),
        "password1": Words(_("Password"), STRONG, _("Choose a password.")),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = name_field(refuse_near_names)
        self.fields["phone"] = self.apply_words("phone", PhoneField(required=False))
        self.fields["email"] = self.apply_words("email", EmailField(required=False))
        self.order_fields(self.field_order)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not {"phone", "email"} & self.errors.keys() and not (
            cleaned.get("phone") or cleaned.get("email")
        ):
            self.add_error("phone", _("Enter a phone number or an email. You sign in with it."))
        return cleaned

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Open the account. After a double click, say that the first click opened it."""
        try:
            return super().try_save(request)  # type: ignore[no-any-return]
        except IntegrityError:
            messages.info(request, _("This account is already open. Sign in."))
            return None, redirect("account_login")


class LoginForm(PlainWords, allauth_forms.LoginForm):
    """Email or phone number, and the password."""

    words = {
        "login": Words(_("Phone number or email"), required=_("Enter your phone number or email.")),
        "password": Words(_("Password"), required=_("Enter your password.")),
        "remember": Words(_("Keep me signed in on this phone or computer")),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        widget = forms.TextInput(attrs={"autocomplete": "username"})
        self.fields["login"] = self.apply_words("login", LoginField(widget=widget))
        self.order_fields(["login", "password", "remember"])


class ProfileForm(forms.ModelForm):
    """Phone number and email. Changing one needs the password."""

    # Set it before the form is used.
    request: HttpRequest
    refusal: Refusal | None = None

    phone = PhoneField(
        required=False,
        help_text=PHONE_HINT,
        error_messages={"unique": _("This number already has an account.")},
    )
    email = EmailField(
        required=False, error_messages={"unique": _("This email already has an account.")}
    )
    password = forms.CharField(
        label=_("Current password"),
        required=False,
        strip=False,
        help_text=_("Needed to change your phone number or email."),
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"null_characters_not_allowed": ORDINARY_ONLY},
    )

    class Meta:
        model = User
        fields = ["phone", "email"]

    def clean_email(self) -> str | None:
        return self.cleaned_data["email"] or None

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if {"phone", "email"} & self.errors.keys():
            return cleaned
        if not (cleaned["phone"] or cleaned["email"]):
            self.add_error("phone", _("Keep a phone number or an email. You sign in with it."))
            return cleaned
        is_changed = self.has_new("phone") or self.has_new("email")
        password = cleaned.get("password", "")
        if is_changed and not password:
            self.add_error(
                "password", _("Enter your current password to change your phone number or email.")
            )
        elif is_changed and not self.is_password(password):
            self.add_error("password", _("This password isn't right. Enter it again."))
        return cleaned

    def is_password(self, password: str) -> bool:
        """Is it the member's? Counts the guess. Raises ValidationError after too many."""
        try:
            return guesses.check_password(self.request, self.instance, password)
        except TooManyRequests as refusal:
            self.refusal = refusal
            raise forms.ValidationError(str(refusal), code=refusal.code) from None

    def changes(self) -> list[Change]:
        """What of the person's sign-in is about to change."""
        fields = {"phone": Change.PHONE, "email": Change.EMAIL}
        return [change for name, change in fields.items() if self.has_new(name)]

    def has_new(self, name: str) -> bool:
        """Did it change? The same phone number in another format didn't."""
        return bool(self.cleaned_data[name] != self.initial[name])

    @transaction.atomic
    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit)
        if self.has_new("email"):
            operations.keep_only_email(user)
        return user


class NameRequestForm(forms.Form):
    """Another name, and why. Staff decide."""

    name = name_field(label=_("New name"), help_text=_("As on your ID."))
    reason = LineField(
        label=_("Why does it change?"),
        max_length=300,
        help_text=_("For example: a typing mistake, or you married."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Enter why your name changes.")},
    )


class TokenForm(forms.Form):
    """The name of a new API token, and when it expires."""

    DAYS = [("30", _("30 days")), ("90", _("90 days")), ("365", _("A year")), ("", _("No expiry"))]

    name = LineField(
        label=_("What is it for?"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Enter what will use the token, such as a program's name.")},
    )
    days = PickField(label=_("Expires after"), choices=DAYS, initial="90", required=False)

    def choice(self) -> dict[str, Any]:
        days = self.cleaned_data["days"]
        expires_at = timezone.now() + timedelta(days=int(days)) if days else None
        return {"name": self.cleaned_data["name"], "expires_at": expires_at}
