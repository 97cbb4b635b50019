"""Counts and sums of the filtered ledger. Reads only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import OperationalError
from django.db.models import Count, Sum
from django.utils.functional import Promise

from adminpanel.overview.totals import Volume, volumes_by_kind
from ledger import kinds, rollups
from ledger.models import Transaction
from ledger.querysets import TransactionQuerySet
from ledger.status import Status

# query_canceled: PostgreSQL's statement_timeout.
TOOK_TOO_LONG = "57014"


@dataclass(frozen=True, slots=True)
class Sums:
    """Count and amount per type.

    There is no total amount: a sum of deposits, withdrawals and reversals means nothing.
    """

    by_type: dict[str, Volume]

    @property
    def count(self) -> int:
        return sum(volume.count for volume in self.by_type.values())

    @property
    def rows(self) -> list[tuple[str | Promise, int]]:
        """(kind in words, cents) for each kind that occurs."""
        return [
            (kind.plural, self.by_type[kind.code].amount_cents)
            for kind in kinds.every()
            if kind.code in self.by_type
        ]


def sums_of_all(type: str = "", status: str = "") -> Sums:
    """Sums of all transactions of this type and status.

    The roll-ups count the successful ones. The others are few and have their own index.
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
    """Sums of these rows, by counting them. None when the database times out."""
    return unless_too_long(lambda: sums_by_type(records))


def unless_too_long[T](read: Callable[[], T]) -> T | None:
    """What `read` returns. None when the database times out."""
    try:
        return read()
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) != TOOK_TOO_LONG:
            raise
        return None


def sums_by_type(records: TransactionQuerySet) -> Sums:
    rows = records.order_by().values("type").annotate(count=Count("pk"), cents=Sum("amount_cents"))
    return Sums({row["type"]: Volume(row["count"], int(row["cents"])) for row in rows})
