"""Convert cents to text and back. Only this module uses `Decimal`.

Inside, money is an `int` of whole cents. People read and write shillings.
"""

import re
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from wallet.text import MINUS, ZERO_WIDTH, clean_paste

# Far above any limit and far below 2**63, so that sums of many balances still fit.
CEILING_CENTS = 10**13

NO_BREAK_SPACE = "\u00a0"

# Digits, optionally grouped by commas in threes, and at most two decimals; or decimals alone.
NUMBER = r"((?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d{1,2})?|\.\d{1,2})"
CURRENCY = r"(?:kes|kshs?|shs?)"
# `Ksh.50` could be 50 shillings or 50 cents, so it's refused. `Ksh.500` can only be shillings.
DOT = r"(?:\.(?!\.|\d\d?(?![\d.,]))|(?!\.))"
# The Kenyan ways to write shillings: `Ksh 500`, `KES 500`, `500 KES`, `500/=`, `500/-`.
SHILLINGS = re.compile(
    rf"(?:{CURRENCY}{DOT} ?)?{NUMBER}(?: ?/[=-])?|{NUMBER} ?{CURRENCY}\.?",
    re.ASCII | re.IGNORECASE,
)
DIGITS_AT_MOST = 11
# As programs write them: digits with a dot, and no more than cents.
PLAIN = re.compile(rf"-?(\d{{1,{DIGITS_AT_MOST}}})(?:\.(\d{{0,2}})0{{0,8}})?", re.ASCII)
AMOUNT_FORMAT = _("Enter an amount in shillings, like 500 or 1,234.50.")


def parse_shillings(text: str) -> int:
    """Parse an amount as people write it (`1,234.50`, `Ksh 500`) into whole cents above zero.

    Raises ValidationError with a sentence for the person who typed it. Its code is
    `amount_too_large` for a well-formed number beyond any limit.
    """
    problem = ValidationError(AMOUNT_FORMAT, code="amount_format")
    # A zero-width character may stand where a separator was.
    if any(character in text for character in ZERO_WIDTH):
        raise problem
    match = SHILLINGS.fullmatch(clean_paste(text).strip(" "))
    if not match:
        raise problem
    number = (match[1] or match[2]).replace(",", "")
    whole = number.partition(".")[0]
    if whole.startswith("0") and len(whole) > DIGITS_AT_MOST:
        raise problem
    if len(whole) > DIGITS_AT_MOST:
        raise ValidationError(_("Enter a smaller amount."), code="amount_too_large")
    cents = int(Decimal(number) * 100)
    if cents == 0:
        raise ValidationError(_("Enter an amount above zero."), code="amount_zero")
    return cents


def parse_plain(text: str) -> int:
    """Read an amount as programs write it (`300`, `5.00`, `-1980.5`) and return whole cents.

    Raises ValueError for anything besides, parts of a cent included.
    """
    if not (written := PLAIN.fullmatch(text)):
        raise ValueError("not an amount")
    cents = int(written[1]) * 100 + int((written[2] or "").ljust(2, "0"))
    return -cents if text.startswith("-") else cents


def cents_in(text: str) -> int | None:
    """The amount in whole cents, or None if the text isn't an amount."""
    try:
        return parse_shillings(text)
    except ValidationError:
        return None


def format_amount(cents: int) -> str:
    """`123450` -> `1,234.50`; a negative amount gets a true minus sign."""
    whole, part = divmod(abs(cents), 100)
    sign = MINUS if cents < 0 else ""
    return f"{sign}{whole:,}.{part:02}"


def shillings(cents: int) -> Decimal:
    """`123450` -> 1234.50, for files that programs read."""
    return Decimal(cents).scaleb(-2)


def format_money(cents: int) -> str:
    """`123450` -> `KES 1,234.50`, which never breaks over two lines."""
    sign = MINUS if cents < 0 else ""
    return f"{sign}KES{NO_BREAK_SPACE}{format_amount(abs(cents))}"


def format_signed_money(cents: int) -> str:
    """Like `format_money`, with a plus sign for money in."""
    return format_money(cents) if cents < 0 else f"+{format_money(cents)}"
