"""Roll-ups: sums of entries that are kept so that pages read few rows (`ledger/rollups.py`)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ledger import kinds
from wallet.models import Account


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


class AccountDay(models.Model):
    """The sums of one Nairobi day's folded entries on one member's account.

    `in_cents` and `out_cents` are what the orders of that day brought and took, without moves
    between the member's own accounts; what failed and came back cancels out. The other columns are
    of the entries of that day, as a statement lists them, and `last_id` is the last of these, 0 if
    there are none. Entries that aren't folded yet are missing; `ledger/account_days.py` adds them.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    in_cents = models.BigIntegerField(default=0)
    out_cents = models.BigIntegerField(default=0)
    credited_cents = models.BigIntegerField(default=0)
    debited_cents = models.BigIntegerField(default=0)
    fee_cents = models.BigIntegerField(default=0)
    line_count = models.BigIntegerField(default=0)
    last_id = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "day"], name="account_day_once"),
        ]


class RollupMark(models.Model):
    """The single row that stores the last folded entries. Folding locks it.

    `through_id` is the last entry in the totals of days, `accounts_through_id` the last one in the
    days of accounts.
    """

    through_id = models.BigIntegerField(default=0)
    accounts_through_id = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="rollup_mark_is_one_row")]
