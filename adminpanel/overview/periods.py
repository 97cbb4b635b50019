"""The periods of the overview's figures, each with the one it's compared with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

DAY, WEEK = timedelta(days=1), timedelta(days=7)


class Period(NamedTuple):
    """Nairobi days from `first` to `last`, compared with those from `before_first`."""

    first: date
    last: date
    before_first: date
    before_last: date


class Preset(NamedTuple):
    """A period by its name. `than` completes "compared with", and `ago` follows a change."""

    name: str
    label: Promise
    than: Promise
    of: Callable[[date], Period]


def today(now: date) -> Period:
    return Period(now, now, now - DAY, now - DAY)


def yesterday(now: date) -> Period:
    return Period(now - DAY, now - DAY, now - 2 * DAY, now - 2 * DAY)


def week(now: date) -> Period:
    first = now - WEEK + DAY
    return Period(first, now, first - WEEK, now - WEEK)


def month(now: date) -> Period:
    """From the first of the month, compared with as many days of the month before.

    A shorter month before is compared whole.
    """
    first = now.replace(day=1)
    before_first = (first - DAY).replace(day=1)
    return Period(first, now, before_first, min(before_first + (now - first), first - DAY))


PRESETS = (
    Preset("today", _("Today"), _("yesterday, the whole day"), today),
    Preset("yesterday", _("Yesterday"), _("the day before"), yesterday),
    Preset("week", _("Last 7 days"), _("the 7 days before"), week),
    Preset("month", _("Month to date"), _("the same days of last month"), month),
)
BY_NAME = {preset.name: preset for preset in PRESETS}


class Change(NamedTuple):
    """How much a figure grew or shrank. `percent` is None if there was nothing before."""

    is_up: bool
    percent: int | None

    @property
    def words(self) -> str:
        """For screen readers, which don't read the arrow."""
        if self.percent is None:
            return gettext("none in the period before")
        if self.is_up:
            return gettext("{n} percent more than in the period before").format(n=self.percent)
        return gettext("{n} percent less than in the period before").format(n=self.percent)


def change(now: int, before: int) -> Change | None:
    """None if there is nothing to compare. Half a percent rounds up."""
    if not (now or before):
        return None
    if not before:
        return Change(True, None)
    difference = now - before
    return Change(difference >= 0, (abs(difference) * 200 + before) // (2 * before))
