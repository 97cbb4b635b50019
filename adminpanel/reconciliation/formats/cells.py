"""Read the cells of a statement: times, amounts and text. What can't be read is refused."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from functools import cache

from django.utils.translation import gettext as _

from adminpanel.reconciliation.formats.rows import Rejected
from wallet.days import NAIROBI
from wallet.money import CEILING_CENTS

# Day first, unless the year is first. Statements are in Nairobi time and don't say so.
DAY_FIRST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})(?:[ T]+(.+))?")
YEAR_FIRST = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})(?:[ T]+(.+))?")
CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,6})?)?(?: ?([AP]M))?", re.I)
FIRST_YEAR, LAST_YEAR = 2000, 2100

MONEY = re.compile(
    r"([-+\u2212]?)(?:KES|KSH)?\.?\s*([-+\u2212]?)"
    r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,18})(?:\.([0-9]{1,10}))?(-?)",
    re.I,
)
SHOWN = 30


def quoted(text: str) -> str:
    """A cell as a sentence shows it: short, and without signs that hide."""
    clean = "".join(sign if sign.isprintable() else "\ufffd" for sign in text)
    return clean if len(clean) <= SHOWN else f"{clean[: SHOWN - 1]}…"


def to_text(cell: str, most: int) -> str:
    """One line of text. Raises Rejected for what no database and no page can hold."""
    if not cell:
        return ""
    if not (cell.isascii() and cell.isprintable()):
        for sign in cell:
            kind = unicodedata.category(sign)
            if kind == "Cs" or (kind == "Cc" and sign not in "\t\r\n"):
                raise Rejected(_("A cell holds characters that aren't text."))
        cell = cell.replace("\u00a0", " ")
    elif "  " not in cell:
        return cell.strip()[:most]
    return " ".join(cell.split())[:most]


@cache
def midnight(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=NAIROBI)


def to_time(text: str) -> datetime:
    """A time of Nairobi, as statements write it; midnight if it has only a date."""
    text = text.strip()
    if found := DAY_FIRST.fullmatch(text):
        day, month, year, clock = found[1], found[3], found[4], found[5]
    elif found := YEAR_FIRST.fullmatch(text):
        year, month, day, clock = found[1], found[3], found[4], found[5]
    else:
        raise Rejected(_("“{text}” is no date that we know.").format(text=quoted(text)))
    if not FIRST_YEAR <= int(year) <= LAST_YEAR:
        raise Rejected(_("The year of “{text}” can't be right.").format(text=quoted(text)))
    try:
        at = midnight(int(year), int(month), int(day))
        return add_clock(at, clock) if clock else at
    except ValueError:
        raise Rejected(_("“{text}” is no date that exists.").format(text=quoted(text))) from None


def add_clock(day: datetime, text: str) -> datetime:
    """Raises ValueError."""
    found = CLOCK.fullmatch(text.strip())
    if found is None:
        raise ValueError
    hour, half = int(found[1]), (found[4] or "").upper()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if half == "PM" else 0)
    return day.replace(hour=hour, minute=int(found[2]), second=int(found[3] or 0))


def to_cents(text: str) -> int | None:
    """An amount with its sign, in whole cents; None for an empty cell.

    Signs stand in front, behind, or as brackets: `-60.00`, `60.00-`, `(60.00)`.
    """
    text = text.strip()
    if text in ("", "-", "–"):
        return None
    inner, sign = text, 1
    if text.startswith("(") and text.endswith(")"):
        inner, sign = text[1:-1].strip(), -1
    found = MONEY.fullmatch(inner)
    part = (found[4] or "").rstrip("0") if found else ""
    if found is None or len(part) > 2:
        raise Rejected(_("“{text}” is no amount in shillings and cents.").format(text=quoted(text)))
    marks = [mark for mark in (found[1], found[2], found[5]) if mark]
    if len(marks) > 1 or (marks and sign < 0):
        raise Rejected(_("“{text}” has more than one sign.").format(text=quoted(text)))
    cents = int(found[3].replace(",", "")) * 100 + int(part.ljust(2, "0"))
    if cents > CEILING_CENTS:
        raise Rejected(_("The amount “{text}” is too large.").format(text=quoted(text)))
    return -cents if sign < 0 or (marks and marks[0] != "+") else cents


def of_decimal(amount: Decimal) -> int:
    """Cents of an amount that a library has read."""
    if not amount.is_finite() or abs(amount) * 100 > CEILING_CENTS:
        raise Rejected(_("An amount is too large."))
    cents = amount * 100
    if cents != cents.to_integral_value():
        raise Rejected(_("An amount has parts of a cent."))
    return int(cents)


def of_date(day: date) -> datetime:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Rejected(_("The year of “{text}” can't be right.").format(text=str(day)))
    return midnight(day.year, day.month, day.day)
