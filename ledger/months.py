"""What came into a member's account and went out of it, month by month.

The sums are those of the rows that Activity shows: what failed moved nothing, money that is on its
way in isn't there yet, and a fee went out with its payment. What a member moves between their own
accounts is neither money in nor out.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import DateTimeField, F, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce, TruncMonth
from django.utils.formats import date_format

from ledger import kinds
from ledger.models import Transaction
from ledger.querysets import NAIROBI, day_start, nairobi_day, next_day_start
from ledger.status import Status
from wallet.models import Account

# A transaction is in the books less than this after the time that it bears.
LATE = timedelta(days=1)


class Month(NamedTuple):
    """A Nairobi month, named by its first day. The cents are zero or above."""

    first: date
    in_cents: int = 0
    out_cents: int = 0

    @property
    def name(self) -> str:
        """`November`, `December 2025` in another year."""
        is_this_year = self.first.year == nairobi_day().year
        return date_format(self.first, "F" if is_this_year else "F Y")


def this_month(account: Account) -> Month:
    today = nairobi_day()
    first = today.replace(day=1)
    return totals(account, first, today).get(first, Month(first))


def totals(account: Account, first: date, last: date) -> dict[date, Month]:
    """The months from `first` to `last` in which money moved, by their first day. One query.

    Of a month that the period cuts, only the days in it count.
    """
    start, end = day_start(first), next_day_start(last)
    into = Q(to_account=account, status=Status.SUCCESS)
    out = Q(from_account=account, status__in=(Status.PENDING, Status.SUCCESS))
    amount = F("amount_cents")
    rows = by_month(into, start, end, "in", amount).union(
        by_month(out, start, end, "out", amount + F("fee_cents")), all=True
    )
    found: dict[date, Month] = {}
    for at, side, cents in rows.order_by():
        day = at.astimezone(NAIROBI).date()
        month = found.get(day, Month(day))
        is_in = side == "in"
        found[day] = month._replace(
            in_cents=int(cents) if is_in else month.in_cents,
            out_cents=month.out_cents if is_in else int(cents),
        )
    return found


def by_month(side: Q, start: datetime, end: datetime, name: str, cents: Any) -> Any:
    """(month, name, sum) of one side of an account. Reads no row that is much older."""
    own = [kind.code for kind in kinds.every() if kind.moves_own]
    records = Transaction.objects.order_by().filter(side).exclude(type__in=own)
    older = records.filter(created_at__lt=start - LATE).order_by("-pk").values("pk")[:1]
    records = records.filter(pk__gt=Coalesce(Subquery(older), 0))
    return (
        records.filter(created_at__gte=start, created_at__lt=end)
        .annotate(month=TruncMonth("created_at", output_field=DateTimeField(), tzinfo=NAIROBI))
        .values("month")
        .annotate(side=Value(name), cents=Sum(cents))
        .values_list("month", "side", "cents")
    )
