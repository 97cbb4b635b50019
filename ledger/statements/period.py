"""The period of a statement: Nairobi days, both included, at most 12 months."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from ledger.querysets import nairobi_day
from wallet.errors import Refusal

# 12 months that include a 29 February.
DAYS_AT_MOST = 366


# Before this there was no Nissmart, and time zones don't reach back for ever.
EARLIEST = date(2000, 1, 1)


class BadPeriod(Refusal):
    """Not a period that a statement can have. `field` is the day to correct: `from` or `to`."""

    code = "invalid_request"

    def __init__(self, sentence: str | Promise, field: str) -> None:
        super().__init__(sentence)
        self.field = field  # type: ignore[misc]


WRONG_ORDER = _lazy("Enter a date on or after the first one.")
TOO_LONG = _lazy("A statement covers up to 12 months. Choose a shorter period.")
IN_FUTURE = _lazy("Enter a date up to today.")
TOO_EARLY = _lazy("Enter a later date.")


class Period(NamedTuple):
    """From `first` to `last`. `last` is never after today, since those days aren't over."""

    first: date
    last: date

    def __str__(self) -> str:
        """`1 to 28 November 2026`, as short as the two days allow."""
        first, last = self
        if first == last:
            return date_format(last, "j F Y")
        shape = "j" if (first.year, first.month) == (last.year, last.month) else "j F"
        start = date_format(first, shape if first.year == last.year else "j F Y")
        return _("{first} to {last}").format(first=start, last=date_format(last, "j F Y"))


def period(first: date | None, last: date | None) -> Period:
    """The period of these days. This month so far, where none is given.

    Raises BadPeriod.
    """
    today = nairobi_day()
    end = min(last or today, today)
    start = first or end.replace(day=1)
    if start < EARLIEST or end < EARLIEST:
        raise BadPeriod(TOO_EARLY, field="from" if start < EARLIEST else "to")
    if start > today:
        raise BadPeriod(IN_FUTURE, field="from")
    if start > end:
        raise BadPeriod(WRONG_ORDER, field="to")
    if (end - start).days >= DAYS_AT_MOST:
        raise BadPeriod(TOO_LONG, field="to")
    return Period(start, end)


class Preset(NamedTuple):
    """A period that people often want, and its name."""

    label: str
    period: Period


def presets(opened: date) -> list[Preset]:
    """The periods that an account opened on this day has something to show for."""
    today = nairobi_day()
    this_month = Period(today.replace(day=1), today)
    end = this_month.first - timedelta(days=1)
    last_month = Period(end.replace(day=1), end)
    this_year = Period(today.replace(month=1, day=1), today)
    last_year = Period(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31))
    usual = [
        Preset(_("This month"), this_month),
        Preset(_("Last month"), last_month),
        Preset(str(today.year), this_year),
        Preset(str(today.year - 1), last_year),
    ]
    return [preset for preset in usual if preset.period.last >= opened]
