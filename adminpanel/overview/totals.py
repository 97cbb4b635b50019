"""Totals that cross accounts and transactions. Reads only."""

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
    """How many, and how much."""

    count: int = 0
    amount_cents: int = 0

    def plus(self, count: int, amount_cents: int) -> Self:
        return type(self)(self.count + count, self.amount_cents + amount_cents)


@dataclass(frozen=True, slots=True)
class Waiting(Volume):
    """What somebody or something has yet to answer, and since when the longest."""

    since: datetime | None = None


class BooksRow(NamedTuple):
    """`cents` are above zero for what the house holds; `account_id` is None for all members."""

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
    """The system's totals. Volumes count what has succeeded; `pending` what has not settled.

    `found` is what all entries come to, if that has been read already.
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
    """How many of each kind have succeeded, and of how much.

    Each that has wrote one credit where its money ends.
    """
    volumes = dict.fromkeys(kinds.codes(), Volume())
    ends = {kind.code: ends_of(kind) for kind in kinds.every()}
    for total in totals:
        if total.house_id in ends[total.type]:
            earlier = volumes[total.type]
            volumes[total.type] = earlier.plus(total.credit_count, total.credit_cents)
    return volumes


def ends_of(kind: Kind) -> set[int]:
    """The accounts, as roll-ups name them, where this kind's money lies once it has succeeded."""
    found: set[int] = set()
    for place in kind.ends:
        if place == Place.FLOAT:
            found |= {rail.float_account.id for rail in rails.every()}
        else:
            found.add(MEMBERS if place == Place.TARGET else house.BY_KIND[place].id)
    return found


def volumes_by_day_and_kind(since: date, until: date) -> dict[tuple[date, str], Volume]:
    """`volumes_by_kind` for each of these Nairobi days, both included. Empty days are left out."""
    return by_day(rollups.totals(since=since, until=until, by_day=True))


def by_day(totals: list[Total]) -> dict[tuple[date, str], Volume]:
    """`volumes_by_kind` for each day of these."""
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
    """What has no answer from its rail yet."""
    return count_waiting(
        Transaction.objects.in_status(Status.PENDING), cents="amount_cents", since="created_at"
    )


def count_waiting(rows: QuerySet[Any], *, cents: str, since: str) -> Waiting:
    """How many rows these are, what their `cents` sum to, and the earliest `since` among them."""
    found = rows.aggregate(count=Count("pk"), cents=Sum(cents, default=0), since=Min(since))
    return Waiting(found["count"], int(found["cents"]), found["since"])


def net_cents(totals: list[Total], house_id: int) -> int:
    """What went into the account less what went out of it."""
    return sum(total.net_cents for total in totals if total.house_id == house_id)


def books(found: list[Total] | None = None) -> list[BooksRow]:
    """What the house holds, above zero, and what it owes, below.

    The rows sum to zero when the books are right: an account's entries are what the house
    owes, so what it holds is their opposite. `found` as in `summary`.
    """
    found = rollups.totals() if found is None else found
    rows = [
        BooksRow(str(one.label), -net_cents(found, one.id), one.id) for one in house.all_accounts()
    ]
    return [*rows, BooksRow(_("Owed to members"), -net_cents(found, MEMBERS), None)]
