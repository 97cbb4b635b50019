"""Days in Nairobi, whatever time zone is active in the thread."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

NAIROBI = timezone.get_default_timezone()


def nairobi_day(at: datetime | None = None) -> date:
    """The day in Nairobi at this time, or today."""
    return timezone.localdate(at, NAIROBI)  # noqa: TID251


def last_month() -> date:
    """The first day of the month before this one."""
    return (nairobi_day().replace(day=1) - timedelta(days=1)).replace(day=1)


def day_name(day: date) -> str:
    """`Today`, `Yesterday`, `25 November`, or `25 November 2025` in another year."""
    today = nairobi_day()
    if day == today:
        return _("Today")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    return date_format(day, "j F" if day.year == today.year else "j F Y")
