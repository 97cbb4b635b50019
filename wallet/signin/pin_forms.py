"""Forms for the PIN."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from wallet.errors import Refusal
from wallet.models import User
from wallet.signin import pin
from wallet.signin.proof import ProofForm

FORMAT = _("A PIN is 4 to 6 digits.")


class PinField(forms.RegexField):
    """Digits as typed on a phone, hidden. No browser fills it in or keeps it."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"inputmode": "numeric", "autocomplete": "off", "maxlength": 6}
        super().__init__(
            rf"\A{pin.FORM.pattern}\Z",
            widget=forms.PasswordInput(attrs=attrs),
            error_messages={
                "required": kwargs.pop("required_words", FORMAT),
                "invalid": FORMAT,
                "null_characters_not_allowed": FORMAT,
            },
            **kwargs,
        )


class SetPinForm(forms.Form):
    """A new PIN, twice."""

    pin = PinField(
        label=_("New PIN"),
        required_words=_("Choose a PIN."),
        help_text=_("4 to 6 digits. Not a year, a run like 1234, or part of your phone number."),
    )
    pin_again = PinField(label=_("New PIN again"), required_words=_("Enter the new PIN again."))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        if cleaned["pin"] != cleaned["pin_again"]:
            self.add_error("pin_again", _("Enter the same PIN twice."))
            return cleaned
        try:
            pin.refuse_weak(cleaned["pin"], self.user)
        except Refusal as refusal:
            self.add_error("pin", str(refusal))
        return cleaned


class ChangePinForm(SetPinForm):
    """Also the old PIN. It's a guess like any other."""

    old_pin = PinField(label=_("Current PIN"), required_words=_("Enter your current PIN."))
    field_order = ["old_pin"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors:
            try:
                pin.check(self.user.pk, cleaned["old_pin"])
            except pin.PinRefused as refusal:
                self.add_error("old_pin", str(refusal))
        return cleaned


class ForgottenPinForm(ProofForm, SetPinForm):
    """Also the password and a code, which are looked at last: a code works once."""

    field_order = ["password", "code"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, user=kwargs["request"].user, **kwargs)
