"""The days on which something is due: once, each week or each month. Days in Kenya, no times."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from django.db.models import TextChoices
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

DAY = timedelta(days=1)
WEEK_DAYS = 7
MONTHS = 12
# The longest month has so many days, the shortest always at least the other.
LONGEST, SHORTEST = 31, 28
# A day that someone chooses is at most so far away.
FURTHEST = timedelta(days=5 * 366)
TOO_FAR = gettext_lazy("Choose a day within the next five years.")


class Every(TextChoices):
    ONCE = "once", gettext_lazy("Once")
    WEEK = "week", gettext_lazy("Every week")
    MONTH = "month", gettext_lazy("Every month")


class Days(NamedTuple):
    """On which days something is due.

    Once, on the date `on`. Every week, on the weekday `day` (1 is Monday, 7 is Sunday). Every
    month, on its day `day`, or on the last day of a month that is shorter.
    """

    every: str
    day: int | None = None
    on: date | None = None

    def first_after(self, after: date) -> date | None:
        """The next due day later than this one. None once there is none."""
        if self.every == Every.ONCE:
            assert self.on
            return self.on if self.on > after else None
        assert self.day
        if self.every == Every.WEEK:
            return after + DAY * ((self.day - after.isoweekday() - 1) % WEEK_DAYS + 1)
        this_month = in_month(after.year, after.month, self.day)
        if this_month > after:
            return this_month
        years, month = divmod(after.month, MONTHS)
        return in_month(after.year + years, month + 1, self.day)

    def after(self, after: date, last: date) -> Iterator[date]:
        """Each due day later than `after`, up to `last`."""
        found = self.first_after(after)
        while found and found <= last:
            yield found
            found = self.first_after(found)

    def __str__(self) -> str:
        """In words, such as `Every Friday`."""
        if self.every == Every.ONCE:
            assert self.on
            return _("Once, on {day}").format(day=date_format(self.on, "j F Y"))
        assert self.day
        if self.every == Every.WEEK:
            return _("Every {weekday}").format(weekday=WEEKDAYS[self.day - 1])
        if self.day == LONGEST:
            return _("The last day of every month")
        # Of a month that has them all, so that it is this day.
        ordinal = date_format(date(2000, 1, self.day), "jS")
        if self.day > SHORTEST:
            return _("The {day} of every month or its last day").format(day=ordinal)
        return _("The {day} of every month").format(day=ordinal)


def in_month(year: int, month: int, day: int) -> date:
    """This day of the month, or its last day if it's shorter."""
    _weekday, length = calendar.monthrange(year, month)
    return date(year, month, min(day, length))
