"""Amounts and days in what someone searches for: `450 fri`, `1,800 27 nov`, `about 1800`.

A day without a year, and a weekday, is the last one up to today.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, timedelta
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ledger.forms.filters import date_field
from ledger.querysets import nairobi_day
from wallet.money import cents_in

# The panel's own formats, and the usual Kenyan one.
DAY = date_field(_("Day"))
DAY.input_formats = ["%Y-%m-%d", "%d %b %Y", "%d %B %Y", "%d/%m/%Y"]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
NAMED_DAY = (
    r"today|yesterday"
    r"|mon(?:day)?|tue(?:s|sday)?|wed(?:nesday)?|thu(?:rs|rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
    r"|\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{4}"
    rf"|\d{{1,2}}\s+(?:{MONTHS})[a-z]*(?:\s+\d{{4}})?"
)
FLAGS = re.ASCII | re.IGNORECASE
DAY_LAST = re.compile(rf"(?P<rest>.+?)[\s,]+(?:on\s+)?(?P<day>{NAMED_DAY})", FLAGS)
DAY_FIRST = re.compile(rf"(?P<day>{NAMED_DAY})[\s,]+(?P<rest>.+)", FLAGS)
ABOUT = re.compile(r"(?:about|around|circa|ca\.?|~)\s*(.+)", FLAGS)
FROM_TO = re.compile(r"(?:between\s+)?(.+?)\s*(?:-|–|\bto\b|\band\b)\s*(.+)", FLAGS)
# About 1800 is from 1,620 to 1,980.
ABOUT_PERCENT = 10


class Amounts(NamedTuple):
    """From `low_cents` to `high_cents`, both included."""

    low_cents: int
    high_cents: int

    @property
    def is_exact(self) -> bool:
        return self.low_cents == self.high_cents


class Wanted(NamedTuple):
    amounts: Amounts
    day: date


def wanted_in(text: str) -> Wanted | None:
    """An amount together with a day, or None. A date such as `20 Nov 2026` is only a day."""
    if day_in(text):
        return None
    for form in (DAY_LAST, DAY_FIRST):
        found = form.fullmatch(text.strip())
        if not found:
            continue
        amounts, day = amounts_in(found["rest"]), day_in(found["day"])
        if amounts and day:
            return Wanted(amounts, day)
    return None


def amounts_in(text: str) -> Amounts | None:
    """An amount, `about` one, or a range of amounts."""
    if cents := cents_in(text):
        return Amounts(cents, cents)
    if (about := ABOUT.fullmatch(text.strip())) and (cents := cents_in(about[1])):
        off = cents * ABOUT_PERCENT // 100
        return Amounts(cents - off, cents + off)
    if found := FROM_TO.fullmatch(text.strip()):
        low, high = cents_in(found[1]), cents_in(found[2])
        if low and high and low <= high:
            return Amounts(low, high)
    return None


def day_in(text: str) -> date | None:
    """The date in this text, if the ledger's filter accepts it."""
    typed = " ".join(text.lower().split())
    today = nairobi_day()
    if typed in ("today", "yesterday"):
        return today - timedelta(days=typed == "yesterday")
    for number, name in enumerate(WEEKDAYS):
        if len(typed) > 2 and name.startswith(typed):
            return today - timedelta(days=(today.weekday() - number) % 7)
    if day := date_in(typed):
        return day
    this_year = date_in(f"{typed} {today.year}")
    return this_year if this_year and this_year <= today else date_in(f"{typed} {today.year - 1}")


def date_in(text: str) -> date | None:
    with suppress(ValidationError):
        day: date = DAY.clean(text)
        return day
    return None
