"""Form fields for all apps: an amount, a phone number, an email, a line of text, a choice."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator, RegexValidator
from django.utils.translation import gettext_lazy as _

from wallet import emails
from wallet.money import AMOUNT_FORMAT, format_money, parse_shillings
from wallet.phones import PHONE_FORMAT, parse_phone
from wallet.text import clean_paste, refuse_control_characters

TOO_LARGE = _("You can move up to {limit} at a time. Enter that or less.")


class AmountField(forms.CharField):
    """An amount in shillings, in any Kenyan format. Cleans to whole cents above zero."""

    default_error_messages = {
        "required": _("Enter an amount."),
        "too_large": TOO_LARGE,
        "null_characters_not_allowed": AMOUNT_FORMAT,
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Amount"))
        kwargs.setdefault(
            "widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        )
        super().__init__(strip=False, **kwargs)

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        try:
            return parse_shillings(text) if text else None
        except ValidationError as error:
            if error.code != "amount_too_large":
                raise
            limit = format_money(settings.LIMIT_CENTS_PER_TRANSACTION)
            sentence = str(self.error_messages["too_large"]).format(limit=limit)
            raise ValidationError(sentence, code=error.code) from None


class PhoneField(forms.CharField):
    """A Kenyan phone number in any format. Cleans to E.164, or to None if empty."""

    default_error_messages = {
        "required": _("Enter your phone number."),
        "null_characters_not_allowed": PHONE_FORMAT,
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Phone number"))
        kwargs.setdefault("widget", forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}))
        super().__init__(**kwargs)

    def clean(self, value: Any) -> str | None:
        text = clean_paste(super().clean(value)).strip()
        return parse_phone(text) if text else None


class EmailField(forms.EmailField):
    """An email address. Cleans to lower case, or to "" if empty."""

    default_error_messages = {
        "required": _("Enter an email address."),
        "invalid": emails.EMAIL_FORMAT,
        "max_length": _("Enter an email address of at most %(limit_value)d characters."),
        "null_characters_not_allowed": emails.EMAIL_FORMAT,
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Email"))
        kwargs.setdefault("widget", forms.EmailInput(attrs={"autocomplete": "email"}))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> str:
        return emails.normalize(super().to_python(value) or "")

    def run_validators(self, value: Any) -> None:
        """Show only the first error."""
        try:
            super().run_validators(value)
        except ValidationError as error:
            raise ValidationError(error.error_list[:1]) from None


class LineField(forms.CharField):
    """One line of ordinary text."""

    default_validators = [refuse_control_characters]
    default_error_messages = {
        "required": _("Fill this in."),
        "max_length": _("Enter at most %(limit_value)d characters."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # NUL is a control character too, and one error for it is enough.
        self.validators = [
            each
            for each in self.validators
            if not isinstance(each, ProhibitNullCharactersValidator)
        ]


class PastedField(LineField):
    """One line that people paste, such as a search or a code. Drops what pasting adds."""

    def to_python(self, value: Any) -> str:
        return clean_paste(super().to_python(value) or "").strip()


class LoginField(PastedField):
    """A phone number or an email, to sign in with or to pay someone."""

    default_error_messages = {
        "required": _("Enter a phone number or an email."),
        "max_length": _("Enter a phone number or an email of at most %(limit_value)d characters."),
    }

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        return emails.normalize(text) if "@" in text else text


class PickField(forms.ChoiceField):
    """A choice from a list. Only a hand-written URL sends a value that isn't in it."""

    default_error_messages = {
        "required": _("Choose one from the list."),
        "invalid_choice": _("Choose one from the list."),
    }


class ReasonField(LineField):
    """Why a member of staff does something, for the audit."""

    widget = forms.TextInput(attrs={"autocomplete": "off"})
    default_error_messages = {
        "required": _("Enter a reason."),
        "min_length": _("Enter a reason of at least %(limit_value)d characters."),
        "max_length": _("Enter a reason of at most %(limit_value)d characters."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=5, max_length=500, **kwargs)


class KeyField(forms.CharField):
    """The idempotency key that a form carries: 1 to 255 visible ASCII characters."""

    default_validators = [RegexValidator(r"\A[\x21-\x7e]{1,255}\Z")]
    default_error_messages = dict.fromkeys(
        ("required", "invalid", "null_characters_not_allowed"),
        _("This page was incomplete. Check the form and try again."),
    )
    widget = forms.HiddenInput
