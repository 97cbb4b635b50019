"""Days and months that can be closed, and which is next. Days are those of Nairobi."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.formats import date_format

from ledger.models import Books, Close, Transaction
from ledger.querysets import day_start, nairobi_day

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """A day or a month. The period of the first close begins with the first transaction."""

    act: Close.Act
    first_day: date
    last_day: date

    @property
    def starts_at(self) -> datetime:
        return day_start(self.first_day)

    @property
    def ends_at(self) -> datetime:
        return day_start(self.last_day + DAY)

    @property
    def is_month(self) -> bool:
        return self.act == Close.Act.MONTH

    @property
    def is_over(self) -> bool:
        return self.last_day < nairobi_day()

    @property
    def key(self) -> str:
        """How URLs and the audit name it: `2026-11-27` or `2026-11`."""
        return f"{self.last_day:%Y-%m}" if self.is_month else f"{self.last_day:%Y-%m-%d}"

    def __str__(self) -> str:
        return date_format(self.last_day, "F Y" if self.is_month else "l j F Y")

    def live_close(self) -> Close | None:
        """The close that is in force for it."""
        live = Close.objects.live().filter(act=self.act)
        if self.is_month:
            return live.filter(last_day=self.last_day).first()
        return live.filter(first_day__lte=self.last_day, last_day__gte=self.last_day).first()


def day(last_day: date) -> Period:
    """The day. If no day is closed, it's the first close, which covers everything before it."""
    first_day = last_day
    if newest_day() is None:
        at = Transaction.objects.order_by("created_at").values_list("created_at", flat=True).first()
        first_day = min(last_day, nairobi_day(at)) if at else last_day
    return Period(Close.Act.DAY, first_day, last_day)


def month(of: date) -> Period:
    """The month of this day."""
    first = of.replace(day=1)
    return Period(Close.Act.MONTH, first, (first + timedelta(days=31)).replace(day=1) - DAY)


def newest_day() -> Close | None:
    """The last day that is closed."""
    return Close.objects.live().days().order_by("-last_day").first()


def newest_live() -> Close | None:
    """The newest close in force, of a day or a month: the only one that can be reopened."""
    return Close.objects.live().order_by("-number").first()


def next_day() -> Period:
    """The day to close next: after the newest, or yesterday with everything before it."""
    newest = newest_day()
    return day(newest.last_day + DAY if newest else nairobi_day() - DAY)


def next_month() -> Period | None:
    """The earliest month whose days are all closed and that isn't closed itself."""
    newest = newest_day()
    if newest is None:
        return None
    closed = Close.objects.live().filter(act=Close.Act.MONTH).order_by("-last_day").first()
    found = month(closed.last_day + DAY) if closed else month(newest.last_day)
    if not closed and found.last_day > newest.last_day:
        found = month(found.first_day - DAY)
        first = Close.objects.live().days().order_by("first_day").first()
        if first is None or first.first_day > found.last_day:
            return None
    return found if found.last_day <= newest.last_day else None


def open_from() -> datetime | None:
    return Books.objects.open_from()
