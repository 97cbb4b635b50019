"""How Daraja writes things: JSON, codes, times, amounts, phones. Read tolerantly, never guessed.

Daraja: the same field may be a number or a string, an object or a list of them, or missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from wallet.money import CEILING_CENTS, parse_plain

EAT = timezone(timedelta(hours=3), "EAT")
# A result has a few kilobytes.
LONGEST_BODY = 64 * 1024
LONGEST_TEXT = 200
# Lists and objects in one body; the largest that is documented has about thirty.
MOST_PARTS = 200
PAYABLE_PHONE = re.compile(r"254[17]\d{8}", re.ASCII)
# Daraja: other characters in these texts make a request fail.
UNSAFE = re.compile(r"[^A-Za-z0-9 ._-]")

Body = dict[str, Any]


def read(body: bytes) -> Body:
    """The JSON object in a body. Numbers with a point stay text, so that no cent is rounded.

    Raises ValueError for all that is none: empty, HTML, too large or too deep.
    """
    if len(body) > LONGEST_BODY or body.count(b"[") + body.count(b"{") > MOST_PARTS:
        raise ValueError("too large")
    said = json.loads(body, parse_float=str, parse_constant=str)
    if not isinstance(said, dict):
        raise ValueError("not a JSON object")
    return said


def part(body: Body, name: str) -> Body:
    """An object inside an object; empty when there is none."""
    inner = body.get(name)
    return inner if isinstance(inner, dict) else {}


def text(value: object) -> str:
    """A field as one short line of text, whatever it was; empty for what can't be one."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    written = "".join(one for one in str(value) if one.isprintable())
    return " ".join(written.split())[:LONGEST_TEXT]


def items(value: object, label: str) -> dict[str, str]:
    """`[{"Key": "Amount", "Value": 10}]` as a dictionary; of a key that comes twice, the first.

    `label` is `Key` or `Name`. One item may come without its list, and an item without a value.
    """
    rows = value if isinstance(value, list) else [value]
    found: dict[str, str] = {}
    for row in rows:
        if isinstance(row, dict) and (key := text(row.get(label))):
            found.setdefault(key, text(row.get("Value")))
    return found


def cents(value: object) -> int | None:
    """An amount above zero in whole cents, if the books can hold it; None for anything besides."""
    try:
        amount = parse_plain(text(value))
    except ValueError:
        return None
    return amount if 0 < amount <= CEILING_CENTS else None


def moment(value: object) -> datetime | None:
    """`20191219102115` or `06.07.2024 22:48:52`, in Nairobi; None for anything besides."""
    for form in ("%Y%m%d%H%M%S", "%d.%m.%Y %H:%M:%S"):
        try:
            read = datetime.strptime(text(value), form).replace(tzinfo=EAT)
        except ValueError:
            continue
        return read if 2000 <= read.year < 2200 else None
    return None


def timestamp(now: datetime) -> str:
    """`20191219102115`."""
    return now.astimezone(EAT).strftime("%Y%m%d%H%M%S")


def payable_phone(phone: str) -> str:
    """`+254712345678` -> `254712345678`; empty for a number that M-PESA doesn't serve."""
    digits = phone.removeprefix("+")
    return digits if PAYABLE_PHONE.fullmatch(digits) else ""


def safe(words: str, longest: int) -> str:
    return UNSAFE.sub("", words)[:longest]


def every_field(body: object) -> Iterator[tuple[str, object]]:
    """All names and values in a body, at any depth."""
    if isinstance(body, list):
        for one in body:
            yield from every_field(one)
    elif isinstance(body, dict):
        for name, value in body.items():
            yield name, value
            yield from every_field(value)
