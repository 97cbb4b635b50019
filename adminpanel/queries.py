"""Totals that cross accounts and transactions. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger import rollups
from ledger.models import Transaction
from ledger.rollups import MEMBERS, Total
from wallet.models import Account, User

Type, Status, Kind = Transaction.Type, Transaction.Status, Account.Kind

# The house's accounts at the rails, where money comes in and goes out.
FLOATS = (Account.HOUSE_IDS[Kind.SIMULATED_FLOAT],)


@dataclass(frozen=True, slots=True)
class Volume:
    """How many, and how much."""

    count: int = 0
    amount_cents: int = 0

    def plus(self, count: int, amount_cents: int) -> Self:
        return type(self)(self.count + count, self.amount_cents + amount_cents)


@dataclass(frozen=True, slots=True)
class Summary:
    total_users: int
    total_value_cents: int
    deposits: Volume
    transfers: Volume
    withdrawals: Volume
    reversals: Volume
    pending: Volume
    as_of: datetime


def summary() -> Summary:
    """The system's totals. Volumes count what has succeeded; `pending` what has not settled."""
    found = rollups.totals()
    volumes = settled(found)
    return Summary(
        total_users=User.objects.count(),
        total_value_cents=net_cents(found, MEMBERS),
        deposits=volumes[Type.DEPOSIT],
        transfers=volumes[Type.TRANSFER],
        withdrawals=volumes[Type.WITHDRAW],
        reversals=volumes[Type.REVERSAL],
        pending=pending(),
        as_of=timezone.now(),
    )


def settled(totals: list[Total]) -> dict[str, Volume]:
    """How many of each type have succeeded, and of how much.

    Each that has wrote one credit where its money ends: on a member's wallet, or at a rail.
    """
    volumes = dict.fromkeys(Type.values, Volume())
    for total in totals:
        if total.house_id in ends_of(total.type):
            earlier = volumes[total.type]
            volumes[total.type] = earlier.plus(total.credit_count, total.credit_cents)
    return volumes


def ends_of(type: str) -> tuple[int, ...]:
    match type:
        case Type.WITHDRAW:
            return FLOATS
        case Type.REVERSAL:
            return (MEMBERS, *FLOATS)
    return (MEMBERS,)


def settled_by_day(since: date, until: date) -> dict[tuple[date, str], Volume]:
    """`settled` for each of these Nairobi days, both included; a day without any is left out."""
    by_day: dict[date, list[Total]] = {}
    for total in rollups.totals(since=since, until=until, by_day=True):
        assert total.day
        by_day.setdefault(total.day, []).append(total)
    return {
        (day, type): volume
        for day, totals in by_day.items()
        for type, volume in settled(totals).items()
    }


def pending() -> Volume:
    waiting = Transaction.objects.filter(status=Status.PENDING)
    found = waiting.aggregate(count=Count("pk"), cents=Sum("amount_cents", default=0))
    return Volume(found["count"], int(found["cents"]))


def net_cents(totals: list[Total], house_id: int) -> int:
    """What went into the account less what went out of it."""
    return sum(total.net_cents for total in totals if total.house_id == house_id)


def books() -> list[tuple[str, int]]:
    """(name, cents) of what the house holds, above zero, and what it owes, below.

    The rows sum to zero when the books are right: an account's entries are what the house
    owes, so what it holds is their opposite.
    """
    found = rollups.totals()
    rows = [
        (str(Kind(kind).label), -net_cents(found, pk)) for kind, pk in Account.HOUSE_IDS.items()
    ]
    return [*rows, (_("Owed to members"), -net_cents(found, MEMBERS))]
