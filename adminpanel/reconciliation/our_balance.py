"""What our books say that we hold at a rail, at a moment. Seen from the rail: above zero."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Sum

from ledger import rollups
from ledger.models import Entry
from ledger.querysets import day_start, nairobi_day


def balance_until(account_id: int, at: datetime) -> int:
    """Including entries at exactly that time."""
    return balance_before(account_id, at + timedelta(microseconds=1))


def balance_before(account_id: int, at: datetime) -> int:
    """Sums the roll-ups of the days before, and that day's entries by their index."""
    day = nairobi_day(at)
    before = rollups.totals(until=day - timedelta(days=1))
    cents = sum(total.net_cents for total in before if total.house_id == account_id)
    entries = Entry.objects.filter(account=account_id, balance_after_cents__isnull=True)
    entries = entries.filter(created_at__gte=day_start(day), created_at__lt=at)
    found = entries.aggregate(cents=Sum("amount_cents"))
    return -(cents + int(found["cents"] or 0))
