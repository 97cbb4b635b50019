"""Forms for sign-up, sign-in, the profile and API tokens."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.signup import complete_signup
from allauth.account.utils import get_next_redirect_url
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wallet import contacts
from wallet.messages import Contact
from wallet.models import User
from wallet.models.protected import refuse_near_names, refuse_protected_names
from wallet.names import refuse_house_names, refuse_invisible_characters, refuse_mixed_scripts
from wallet.signin import codes, guesses, verify
from wallet.signin.pin_forms import PinField
from wallet.signin.plain_words import STRONG, PlainWords, Words
from wallet.text import ORDINARY_ONLY
from wallet.web.fields import EmailField, LineField, LoginField, PhoneField, PickField
from wallet.web.rates import TooManyRequests
from wallet.web.refusals import FieldRefused, mark_page

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
            _("For receipts and news about your account. Optional if you enter a phone number."),
        ),
        "password1": Words(_("Password"), STRONG, _("Choose a password.")),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = name_field(refuse_near_names)
        self.fields["phone"] = self.apply_words("phone", PhoneField(required=False))
        self.fields["email"] = self.apply_words("email", EmailField(required=False))
        self.order_fields(self.field_order)

    def clean_email(self) -> str:
        """Doesn't look for another account with it: only a code may reveal that."""
        return str(self.cleaned_data["email"])

    def clean(self) -> dict[str, Any]:
        # Past allauth's own `clean`, which says whose phone number it is.
        cleaned: dict[str, Any] = forms.Form.clean(self) or {}
        phone, email = cleaned.get("phone"), cleaned.get("email")
        if not {"phone", "email"} & self.errors.keys() and not (phone or email):
            self.add_error("phone", _("Enter a phone number or an email. You sign in with it."))
        person = User(name=cleaned.get("name", ""), phone=phone, email=email or None)
        if password := cleaned.get("password1"):
            try:
                get_adapter().clean_password(password, user=person)
            except forms.ValidationError as error:
                self.add_error("password1", error)
        return cleaned

    @property
    def contacts(self) -> list[Contact]:
        typed = (self.cleaned_data.get("phone"), self.cleaned_data.get("email"))
        return [Contact.of(value) for value in typed if value]

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Open the account and send the codes, or say that too many were sent."""
        try:
            codes.count(request, self.contacts)
        except TooManyRequests as refusal:
            self.add_error(None, str(refusal))
            page = render(request, "account/signup.html", {"form": self})
            return None, mark_page(page, refusal)
        user = contacts.sign_up(
            name=self.cleaned_data["name"],
            password=self.cleaned_data["password1"],
            contacts=self.contacts,
        )
        target = get_next_redirect_url(request) or "/"
        return None, complete_signup(request, user=user, redirect_url=verify.url(target))


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


class ProfileForm(forms.Form):
    """Phone number and email. A new one needs the password, and counts once its code is entered."""

    phone = PhoneField(required=False, help_text=PHONE_HINT)
    email = EmailField(required=False)
    password = forms.CharField(
        label=_("Current password"),
        required=False,
        strip=False,
        help_text=_("Needed to change your phone number or email."),
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"null_characters_not_allowed": ORDINARY_ONLY},
    )

    def __init__(self, request: HttpRequest, member: User) -> None:
        self.request, self.member = request, member
        initial = {"phone": member.phone, "email": member.email}
        if not member.has_proof:
            # What they typed at sign-up, so that they can correct it.
            for claim in member.claims.all():
                initial[claim.field] = initial[claim.field] or claim.value
        super().__init__(request.POST or None, initial=initial)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if {"phone", "email"} & self.errors.keys():
            return cleaned
        if not (cleaned["phone"] or cleaned["email"]):
            self.add_error("phone", _("Keep a phone number or an email. You sign in with it."))
            return cleaned
        for name, other in (("phone", "email"), ("email", "phone")):
            is_removed = name in self.changes and self.changes[name] is None
            if is_removed and getattr(self.member, name) and not getattr(self.member, other):
                self.add_error(name, _("Keep this one until you've verified the other."))
                return cleaned
        password = cleaned.get("password", "")
        if self.changes and not password:
            self.add_error(
                "password", _("Enter your current password to change your phone number or email.")
            )
        elif self.changes and not self.is_password(password):
            self.add_error("password", _("This password isn't right. Enter it again."))
        return cleaned

    def is_password(self, password: str) -> bool:
        """Is it the member's? Counts the guess. Raises FieldRefused after too many."""
        try:
            return guesses.check_password(self.request, self.member, password)
        except TooManyRequests as refusal:
            raise FieldRefused(refusal) from None

    @property
    def changes(self) -> dict[str, str | None]:
        """The new phone number and email. The same phone number in another format is none."""
        given = {name: self.cleaned_data[name] or None for name in ("phone", "email")}
        return {name: value for name, value in given.items() if value != self.initial[name]}


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


class ShownNameForm(forms.Form):
    """Does the member show the whole name to those they deal with?"""

    shows_full_name = forms.BooleanField(
        label=_("Show my full name to people I deal with"),
        required=False,
        widget=forms.CheckboxInput(),
    )


class TokenForm(forms.Form):
    """The name of a new API token, when it expires, and the member's PIN."""

    DAYS = [("30", _("30 days")), ("90", _("90 days")), ("365", _("A year")), ("", _("No expiry"))]

    name = LineField(
        label=_("What is it for?"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Enter what will use the token, such as a program's name.")},
    )
    days = PickField(label=_("Expires after"), choices=DAYS, initial="90", required=False)
    pin = PinField(label=_("Your PIN"), required_words=_("Enter your PIN."))

    def choice(self) -> dict[str, Any]:
        days = self.cleaned_data["days"]
        expires_at = timezone.now() + timedelta(days=int(days)) if days else None
        return {"name": self.cleaned_data["name"], "expires_at": expires_at}
