"""Sign-up, sign-in and profile."""

from datetime import timedelta
from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.utils import filter_users_by_email
from django import forms
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wallet import operations
from wallet.models import User
from wallet.phones import is_phone
from wallet.text import refuse_house_names, refuse_invisible_characters
from wallet.web.fields import LineField, PhoneField

PHONE_HINT = _("Any Kenyan spelling, like 0712 345 678.")
EMAIL_FORMAT = _("Enter an email address, like jane@example.com.")


def name_field() -> LineField:
    return LineField(
        label=_("Full name"),
        max_length=80,
        help_text=_("As on your ID. People you send to see your first name and initial."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Enter your name.")},
        validators=[refuse_invisible_characters, refuse_house_names],
    )


class SignupForm(allauth_forms.SignupForm):
    """Name, phone or email or both, and a password."""

    field_order = ["name", "phone", "email", "password1"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = name_field()
        self.fields["phone"] = PhoneField(
            required=False,
            help_text=_(
                "Any Kenyan spelling, like 0712 345 678. Leave it out if you give an email."
            ),
        )
        self.fields["email"].label = _("Email")
        self.fields["email"].required = False
        self.fields["email"].help_text = _(
            "To get back in if you forget your password. Leave it out if you give a phone."
        )
        self.fields["email"].error_messages["invalid"] = EMAIL_FORMAT
        self.fields["password1"].help_text = _("At least 8 characters. Longer is stronger.")
        self.fields["password1"].error_messages["required"] = _("Choose a password.")
        self.order_fields(self.field_order)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if not {"phone", "email"} & self.errors.keys() and not (
            cleaned.get("phone") or cleaned.get("email")
        ):
            self.add_error("phone", _("Enter a phone number or an email: you sign in with it."))
        return cleaned

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Open the account; when a second click was a moment earlier, say where it is."""
        try:
            return super().try_save(request)  # type: ignore[no-any-return]
        except IntegrityError:
            messages.info(request, _("This account is open already. Sign in to it."))
            return None, redirect("account_login")


class LoginForm(allauth_forms.LoginForm):
    """Email or phone, and the password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("Phone or email")
        self.fields["login"].widget.attrs["autocomplete"] = "username"
        self.fields["login"].error_messages["required"] = _("Enter your phone or email.")
        self.fields["password"].help_text = ""
        self.fields["password"].error_messages["required"] = _("Enter your password.")
        self.fields["remember"].label = _("Keep me signed in on this phone or computer")
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class ResetPasswordForm(allauth_forms.ResetPasswordForm):
    """Whoever asks reads the same page, member or not; the email says the rest."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        email = self.fields["email"]
        email.label = _("Email of your wallet")
        email.widget.attrs.pop("placeholder", None)
        email.error_messages |= {"required": _("Enter your email."), "invalid": EMAIL_FORMAT}

    def full_clean(self) -> None:
        """A phone number is no slip of the keyboard: say why it will not do, and what will."""
        super().full_clean()
        typed = self["email"].value() if self.is_bound else ""
        if "email" in self.errors and is_phone(typed or ""):
            sentence = _("We can't send a link to a phone number. Enter the email of your wallet.")
            self.errors["email"] = self.error_class(
                [sentence], renderer=self.renderer, field_id="id_email"
            )

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        self.users = filter_users_by_email(email, is_active=True, prefer_verified=True)
        return email


class ProfileForm(forms.ModelForm):
    """Name, and what one signs in with. A new phone or email asks for the password."""

    name = name_field()
    phone = PhoneField(
        required=False,
        help_text=PHONE_HINT,
        error_messages={"unique": _("This number already has an account.")},
    )
    email = forms.EmailField(
        label=_("Email"),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "invalid": EMAIL_FORMAT,
            "unique": _("This email already has an account."),
        },
    )
    password = forms.CharField(
        label=_("Your password"),
        required=False,
        strip=False,
        help_text=_("Needed to change your phone or email."),
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    class Meta:
        model = User
        fields = ["name", "phone", "email"]

    def clean_email(self) -> str | None:
        return self.cleaned_data["email"].lower() or None

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if {"phone", "email"} & self.errors.keys():
            return cleaned
        if not (cleaned["phone"] or cleaned["email"]):
            self.add_error("phone", _("Keep a phone number or an email: you sign in with it."))
            return cleaned
        is_changed = self.has_new("phone") or self.has_new("email")
        if is_changed and not self.instance.check_password(cleaned.get("password", "")):
            self.add_error(
                "password", _("Enter your current password to change your phone or email.")
            )
        return cleaned

    def has_new(self, name: str) -> bool:
        """The same phone in another spelling is no new phone."""
        return bool(self.cleaned_data[name] != self.initial[name])

    @transaction.atomic
    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit)
        if self.has_new("email"):
            operations.keep_only_email(user)
        return user


class TokenForm(forms.Form):
    """What a new API token is for, and how long it lives."""

    DAYS = [("30", _("30 days")), ("90", _("90 days")), ("365", _("A year")), ("", _("No end"))]

    name = LineField(
        label=_("What is it for?"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Enter a name, like the program that will use it.")},
    )
    days = forms.ChoiceField(label=_("Expires after"), choices=DAYS, initial="90", required=False)

    def choice(self) -> dict[str, Any]:
        days = self.cleaned_data["days"]
        expires_at = timezone.now() + timedelta(days=int(days)) if days else None
        return {"name": self.cleaned_data["name"], "expires_at": expires_at}
