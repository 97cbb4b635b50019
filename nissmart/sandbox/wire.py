"""How Daraja writes times, amounts, phone numbers and JSON."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from typing import Any

EAT = timezone(timedelta(hours=3), "EAT")
# JSON numbers with two decimals, which Python floats can't keep. Write them as marked strings, then
# remove the quotes.
DECIMAL_MARK = "\ue000"
MARKED_DECIMAL = re.compile(r'"\\ue000(-?\d+\.\d\d)"')

PHONE = re.compile(r"254[17]\d{8}")


def stamp(moment: datetime) -> str:
    """20260214093000: the usual form."""
    return moment.astimezone(EAT).strftime("%Y%m%d%H%M%S")


def with_dots(moment: datetime) -> str:
    """14.02.2026 09:30:00: the form in B2C results."""
    return moment.astimezone(EAT).strftime("%d.%m.%Y %H:%M:%S")


def with_dashes(moment: datetime) -> str:
    """14-02-2026 09:30:00: the form in statements."""
    return moment.astimezone(EAT).strftime("%d-%m-%Y %H:%M:%S")


def two_places(shillings: int) -> str:
    """A marked number: `encode` writes it as 10.00, without quotes."""
    return f"{DECIMAL_MARK}{shillings}.00"


def encode(body: Any) -> bytes:
    """JSON as Daraja writes it, decimals included."""
    return MARKED_DECIMAL.sub(r"\1", json.dumps(body)).encode()


def text(value: object) -> str:
    """A field as text. Daraja accepts strings and numbers."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()


def shillings(value: object) -> int | None:
    """A whole amount above zero, or None."""
    digits = text(value)
    if not re.fullmatch(r"[0-9]{1,9}", digits) or int(digits) == 0:
        return None
    return int(digits)


def mask(phone: str) -> str:
    """2547 ***** 126: the payer in a C2B notification of version 2."""
    return f"{phone[:4]} ***** {phone[-3:]}"


def code(result: str) -> int | str:
    """A result code as most callbacks write it: as a number if possible."""
    return int(result) if result.isdigit() else result
