"""Roll-ups: sums of entries that are kept so that pages read few rows (`ledger/rollups.py`)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ledger import kinds


class DailyTotal(models.Model):
    """The sum of one Nairobi day's folded entries, for one type and account.

    `house_id` is a house account's id, or 0 for all members together. It lacks the entries that
    aren't folded yet; `ledger/rollups.py` adds those.
    """

    MEMBERS = 0

    day = models.DateField()
    type = models.CharField(max_length=10, choices=kinds.choices)
    house_id = models.BigIntegerField()
    debit_count = models.BigIntegerField()
    debit_cents = models.BigIntegerField()
    credit_count = models.BigIntegerField()
    credit_cents = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "type", "house_id"], name="daily_total_once_per_day"
            ),
        ]


class HouseBalance(models.Model):
    """The balance of a house account after all entries up to `through_id`."""

    house_id = models.BigIntegerField()
    through_id = models.BigIntegerField()
    balance_cents = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["house_id", "through_id"], name="house_balance_once_per_entry"
            ),
        ]


class RollupMark(models.Model):
    """The single row that stores the last folded entry. Folding locks it."""

    through_id = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="rollup_mark_is_one_row")]
