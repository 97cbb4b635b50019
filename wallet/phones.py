"""Kenyan phone numbers: parse any format, store E.164, mask for display."""

import re

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from wallet.text import clean_paste

PHONE_FORMAT = _("Enter a Kenyan phone number, like 0712 345 678.")

# How links and business cards begin a number. Any other letter is a typing error.
LABEL = re.compile(r"\A *tel(?: *[.:]+ *| +)", re.ASCII | re.IGNORECASE)
# The prefix for calls abroad: 000 in Kenya, 00 elsewhere and in some phone books.
DIALLED_OUT = re.compile(r"\A *00(?=[ -]?254)", re.ASCII)


def parse_phone(text: str) -> str:
    """Parse a phone number in any format into E.164 (`+254712345678`).

    Without a country code it's Kenyan. Raises ValidationError.
    """
    text = plain(text)
    problem = ValidationError(PHONE_FORMAT, code="phone_format")
    # The library reads letters as keypad digits. Here they're typing errors.
    is_typed = text.isascii() and text.isprintable()
    if not is_typed or len(text) > 40 or any(map(str.isalpha, text)):
        raise problem
    try:
        number = phonenumbers.parse(text, "KE")
    except phonenumbers.NumberParseException:
        raise problem from None
    if number.country_code != 254 or number.extension or not phonenumbers.is_valid_number(number):
        raise problem
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def plain(text: str) -> str:
    """`Tel: 00254 712...` -> `+254 712...`: drop labels and normalise the prefix."""
    return DIALLED_OUT.sub("+", LABEL.sub("", clean_paste(text)))


def is_phone(text: str) -> bool:
    try:
        parse_phone(text)
    except ValidationError:
        return False
    return True


def to_stored(text: str) -> str:
    """`0744 000` -> `+254744000`: a number, or the start of one, in the form we store.

    For searches. Other text is returned unchanged.
    """
    digits = re.sub(r"[ ().-]", "", plain(text))
    if not re.fullmatch(r"(0|\+?254)\d{3,9}", digits, re.ASCII):
        return text
    return "+254" + re.sub(r"\A(0|\+?254)", "", digits)


def national(phone: str) -> str:
    """`+254712345678` -> `0712 345 678`."""
    local = "0" + phone.removeprefix("+254")
    return f"{local[:4]} {local[4:7]} {local[7:]}".strip()


def mask(phone: str) -> str:
    """`+254712345678` -> `0712 *** 678`: enough to recognise, not enough to call."""
    local = "0" + phone.removeprefix("+254")
    return f"{local[:4]} *** {local[-3:]}"


WITHIN = re.compile(r"(?<![0-9A-Za-z])(\+?254|0)([17]\d\d)\d{3}(\d{3})(?![0-9A-Za-z])", re.ASCII)


def mask_within(text: str) -> str:
    """Mask every phone number in a text that someone else wrote."""
    return WITHIN.sub(r"\1\2***\3", text)
