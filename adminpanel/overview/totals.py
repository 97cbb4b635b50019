"""Totals of the whole system. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, Self

from django.db.models import Count, Min, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger import kinds, rails, rollups
from ledger.kinds import Kind, Place
from ledger.models import Transaction
from ledger.rollups import MEMBERS, Total
from ledger.status import Status
from wallet import house
from wallet.models import User


@dataclass(frozen=True, slots=True)
class Volume:
    """A number of transactions and their amount."""

    count: int = 0
    amount_cents: int = 0

    def plus(self, count: int, amount_cents: int) -> Self:
        return type(self)(self.count + count, self.amount_cents + amount_cents)


@dataclass(frozen=True, slots=True)
class Waiting(Volume):
    """Items that wait for an answer, and when the oldest began to wait."""

    since: datetime | None = None


class BooksRow(NamedTuple):
    """`cents` is positive for assets, negative for debts. `account_id` is None for all members."""

    name: str
    cents: int
    account_id: int | None


@dataclass(frozen=True, slots=True)
class Summary:
    total_users: int
    total_value_cents: int
    # By the code of the kind.
    volumes: dict[str, Volume]
    pending: Waiting
    as_of: datetime


def summary(found: list[Total] | None = None) -> Summary:
    """The system's totals. Volumes count successful transactions, `pending` unsettled ones.

    `found` is the result of `rollups.totals()`, if the caller has it already.
    """
    found = rollups.totals() if found is None else found
    return Summary(
        total_users=User.objects.count(),
        total_value_cents=net_cents(found, MEMBERS),
        volumes=volumes_by_kind(found),
        pending=pending(),
        as_of=timezone.now(),
    )


def volumes_by_kind(totals: list[Total]) -> dict[str, Volume]:
    """Count and amount of the successful transactions of each kind.

    Each of them wrote exactly one credit on the account where its money ends.
    """
    volumes = dict.fromkeys(kinds.codes(), Volume())
    ends = {kind.code: ends_of(kind) for kind in kinds.every()}
    for total in totals:
        if total.house_id in ends[total.type]:
            earlier = volumes[total.type]
            volumes[total.type] = earlier.plus(total.credit_count, total.credit_cents)
    return volumes


def ends_of(kind: Kind) -> set[int]:
    """Account ids, as in the roll-ups, where this kind's money ends."""
    found: set[int] = set()
    for place in kind.ends:
        if place == Place.FLOAT:
            found |= {rail.float_account.id for rail in rails.every()}
        else:
            found.add(MEMBERS if place == Place.TARGET else house.BY_KIND[place].id)
    return found


def by_day(totals: list[Total]) -> dict[tuple[date, str], Volume]:
    """`volumes_by_kind` for each day."""
    by_day: dict[date, list[Total]] = {}
    for total in totals:
        assert total.day
        by_day.setdefault(total.day, []).append(total)
    return {
        (day, type): volume
        for day, totals in by_day.items()
        for type, volume in volumes_by_kind(totals).items()
    }


def pending() -> Waiting:
    """Transactions that wait for an answer from their rail."""
    return count_waiting(
        Transaction.objects.in_status(Status.PENDING), cents="amount_cents", since="created_at"
    )


def count_waiting(rows: QuerySet[Any], *, cents: str, since: str) -> Waiting:
    """Number of rows, sum of the column `cents`, and earliest value of the column `since`."""
    found = rows.aggregate(count=Count("pk"), cents=Sum(cents, default=0), since=Min(since))
    return Waiting(found["count"], int(found["cents"]), found["since"])


def net_cents(totals: list[Total], house_id: int) -> int:
    """Credits minus debits of the account."""
    return sum(total.net_cents for total in totals if total.house_id == house_id)


def books(found: list[Total] | None = None) -> list[BooksRow]:
    """Assets of the house as positive rows, and debts as negative rows.

    The rows sum to zero when the books balance. Entries count as debts, so the sign is reversed.
    `found` is the same as in `summary`.
    """
    found = rollups.totals() if found is None else found
    rows = [
        BooksRow(str(one.label), -net_cents(found, one.id), one.id) for one in house.all_accounts()
    ]
    return [*rows, BooksRow(_("Owed to members"), -net_cents(found, MEMBERS), None)]
