"""Interest in tests: a saver who earns a shilling a day, and what was paid."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from ledger.models import InterestPaid

# 10,000 shillings at 3.65% earn exactly one shilling a day.
ONE_A_DAY, POINTS = 10_000_00, 365


def at(day: date, hour: int = 9) -> datetime:
    """This hour of the day in Nairobi."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour - 3)


def paid() -> list[tuple[date, int, int]]:
    return list(
        InterestPaid.objects.order_by("pk").values_list("month", "gross_cents", "tax_cents")
    )
