"""Kenyan phone numbers: any spelling in, E.164 inside, a masked one out."""

import re

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from wallet.text import clean_paste

PHONE_FORMAT = _("Enter a Kenyan phone number, like 0712 345 678.")

# How links and business cards begin a number. Any other letter is a slip.
LABEL = re.compile(r"\A *tel(?: *[.:]+ *| +)", re.ASCII | re.IGNORECASE)
# Kenya dials out with 000, other countries and some phone books with 00.
DIALLED_OUT = re.compile(r"\A *00(?=[ -]?254)", re.ASCII)


def parse_phone(text: str) -> str:
    """Return the number in E.164 (`+254712345678`), whichever way it was written or pasted.

    A number without a country code is Kenyan. Raises ValidationError.
    """
    text = plain(text)
    problem = ValidationError(PHONE_FORMAT, code="phone_format")
    # Letters are digits to the parser, as on a keypad; here they are a slip.
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
    """`Tel: 00254 712...` -> `+254 712...`: without what pasting and habit put around it."""
    return DIALLED_OUT.sub("+", LABEL.sub("", clean_paste(text)))


def is_phone(text: str) -> bool:
    try:
        parse_phone(text)
    except ValidationError:
        return False
    return True


def to_stored(text: str) -> str:
    """`0744 000` -> `+254744000`: a number, or the start of one, as it's stored, to search by.

    Other text stays as it is.
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
