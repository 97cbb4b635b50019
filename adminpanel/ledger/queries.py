"""Counts, sums and rows of the ledger as the explorer filters it. Reads only."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import OperationalError
from django.db.models import Count, Sum
from django.utils.functional import Promise

from adminpanel.overview.totals import Volume, volumes_by_kind
from ledger import kinds, rollups
from ledger.models import Transaction
from ledger.querysets import TransactionQuerySet
from ledger.status import Status

# So many rows of an export are in memory at a time.
BATCH = 1_000
# query_canceled: PostgreSQL's statement_timeout.
TOOK_TOO_LONG = "57014"


@dataclass(frozen=True, slots=True)
class Sums:
    """How many transactions, and of how much in each type that occurs.

    Money in, money out and money taken back add up to nothing that means anything.
    """

    by_type: dict[str, Volume]

    @property
    def count(self) -> int:
        return sum(volume.count for volume in self.by_type.values())

    @property
    def rows(self) -> list[tuple[str | Promise, int]]:
        """(kind in words, cents)"""
        return [
            (kind.plural, self.by_type[kind.code].amount_cents)
            for kind in kinds.every()
            if kind.code in self.by_type
        ]


def sums_of_all(type: str = "", status: str = "") -> Sums:
    """Of all transactions of this type and status.

    What has succeeded comes from the roll-ups; the rest is few, and has an index of its own.
    """
    found: list[tuple[str, Volume]] = []
    if status in ("", Status.SUCCESS):
        found += volumes_by_kind(rollups.totals()).items()
    if status != Status.SUCCESS:
        rest = Transaction.objects.exclude(status=Status.SUCCESS)
        rest = rest.filter(status=status) if status else rest
        found += sums_by_type(rest.filter(type=type) if type else rest).by_type.items()
    sums: dict[str, Volume] = {}
    for of_type, volume in found:
        if volume.count and type in ("", of_type):
            earlier = sums.get(of_type, Volume())
            sums[of_type] = earlier.plus(volume.count, volume.amount_cents)
    return Sums(sums)


def sums_of(records: TransactionQuerySet) -> Sums | None:
    """Of these rows, one by one; None when the database gives up on it."""
    try:
        return sums_by_type(records)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) != TOOK_TOO_LONG:
            raise
        return None


def sums_by_type(records: TransactionQuerySet) -> Sums:
    rows = records.order_by().values("type").annotate(count=Count("pk"), cents=Sum("amount_cents"))
    return Sums({row["type"]: Volume(row["count"], int(row["cents"])) for row in rows})
