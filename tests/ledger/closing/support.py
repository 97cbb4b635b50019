"""Close days in tests, without the panel's proposal."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils import timezone

from ledger import closing
from ledger.models import Close
from ledger.querysets import day_start, nairobi_day
from tests.factories import UserFactory

DAY = timedelta(days=1)


def at(ago: int, hour: int = 12) -> datetime:
    """An hour of a Nairobi day so many days ago."""
    return day_start(day(ago)) + timedelta(hours=hour)


def day(ago: int) -> date:
    return nairobi_day() - ago * DAY


def signature(reason: str = "") -> closing.Signature:
    one, other = UserFactory(name="Signer"), UserFactory(name="Approver")
    now = timezone.now()
    return closing.Signature(one.pk, one.name, now, other.pk, other.name, now, reason)


def close(ago: int) -> Close:
    return closing.close_day(signature(), day(ago))


def reopen(made: Close) -> Close:
    return closing.reopen(signature("Found a mistake."), made.pk)
