"""Kenyan phone numbers: any spelling in, E.164 inside, a masked one out."""

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


def parse_phone(text: str) -> str:
    """Return the number in E.164 (`+254712345678`), whichever way it was written.

    A number without a country code is Kenyan. Raises ValidationError.
    """
    text = text.removeprefix("tel:")
    problem = ValidationError(
        _("Enter a Kenyan phone number, like 0712 345 678."), code="phone_format"
    )
    # Letters are digits to the parser, as on a keypad; here they are a slip.
    if not text.isascii() or len(text) > 40 or any(map(str.isalpha, text)):
        raise problem
    try:
        number = phonenumbers.parse(text, "KE")
    except phonenumbers.NumberParseException:
        raise problem from None
    if number.country_code != 254 or number.extension or not phonenumbers.is_valid_number(number):
        raise problem
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def national(phone: str) -> str:
    """`+254712345678` -> `0712 345 678`."""
    local = "0" + phone.removeprefix("+254")
    return f"{local[:4]} {local[4:7]} {local[7:]}".strip()


def masked(phone: str) -> str:
    """`+254712345678` -> `0712 *** 678`: enough to recognise, not enough to call."""
    local = "0" + phone.removeprefix("+254")
    return f"{local[:4]} *** {local[-3:]}"
