"""Queries of the overview. None of them gets slower as the ledger grows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Min
from django.db.models.functions import Abs, TruncDate

from adminpanel.models import CheckRun, Correction, Incident, ReversalProposal
from adminpanel.overview.totals import Volume, Waiting, by_day, count_waiting
from adminpanel.payouts.queries import payouts_to_decide
from adminpanel.proposals.queries import to_decide
from adminpanel.reconciliation import standing as reconciliation
from ledger import rails, rollups
from ledger.querysets import NAIROBI, day_start, nairobi_day
from ledger.rails import Rail
from ledger.rollups import Total
from wallet.models import User

WEEK = timedelta(days=7)
# Enough to choose a new password, restart all processes and try it.
WARN_BEFORE_EXPIRY = timedelta(days=14)

type Volumes = Callable[[date], Volume]


class Position(NamedTuple):
    """Totals of all entries, and volumes per day of the last weeks, from the same moment."""

    today: date
    totals: list[Total]
    recent: dict[tuple[date, str], Volume]

    def between(self, type: str, first: date, last: date) -> Volume:
        """Successful transactions of one type on these days, which are recent ones."""
        found = Volume()
        for (day, of_type), volume in self.recent.items():
            if of_type == type and first <= day <= last:
                found = found.plus(volume.count, volume.amount_cents)
        return found

    def of_type(self, type: str) -> list[Day]:
        """The last seven days of one type: successful transactions."""
        return week(self.today, lambda day: self.recent.get((day, type), Volume()))


class Day(NamedTuple):
    """One of the last seven Nairobi days, and the same day a week earlier."""

    day: date
    now: Volume
    before: Volume

    @property
    def earlier_day(self) -> date:
        return self.day - WEEK


@dataclass(frozen=True, slots=True)
class OpenIncidents:
    """Unresolved incidents of one severity, and when the oldest was opened."""

    severity: str
    label: str
    count: int
    since: datetime


def position(since: date | None = None) -> Position:
    """The totals now, by day for the last fourteen days and from `since`, if that is earlier."""
    today = nairobi_day()
    first = min(first_day(today), since or today)
    # New entries always have today's date, so older totals can't change between the two reads.
    older = rollups.totals(until=first - timedelta(days=1))
    recent = rollups.totals(since=first, by_day=True)
    return Position(today, [*older, *recent], by_day(recent))


def first_day(today: date) -> date:
    """The first of the fourteen days that end today."""
    return today - 2 * WEEK + timedelta(days=1)


def week(today: date, volume_on: Volumes) -> list[Day]:
    days = [today - timedelta(days=ago) for ago in range(6, -1, -1)]
    return [Day(day, volume_on(day), volume_on(day - WEEK)) for day in days]


def sign_ups(today: date) -> list[Day]:
    """New members per day, for the last seven days."""
    joined = User.objects.filter(created_at__gte=day_start(first_day(today)))
    counts = dict(
        joined.order_by()
        .annotate(day=TruncDate("created_at", tzinfo=NAIROBI))
        .values_list("day")
        .annotate(Count("pk"))
    )
    return week(today, lambda day: Volume(counts.get(day, 0)))


def proposals(reader: User) -> Waiting:
    """Reversal proposals that this person may decide."""
    return count_waiting(
        to_decide(ReversalProposal, reader),
        cents="amount_cents",
        since="proposed_at",
    )


def corrections(reader: User) -> Waiting:
    """Proposed corrections that this person may decide."""
    return count_waiting(to_decide(Correction, reader), cents="amount_cents", since="proposed_at")


def payouts(reader: User) -> Waiting:
    """Payouts that wait for this person: for an approval, or to find out their outcome."""
    return count_waiting(
        payouts_to_decide(reader), cents="transaction__amount_cents", since="created_at"
    )


def exceptions() -> Waiting:
    """What the statements and the books don't agree on, on all accounts."""
    sized = reconciliation.exceptions().annotate(size_cents=Abs("amount_cents"))
    return count_waiting(sized, cents="size_cents", since="at")


def open_incidents() -> list[OpenIncidents]:
    """Unresolved incidents per severity, most severe first."""
    unresolved = Incident.objects.exclude(state=Incident.State.RESOLVED).order_by()
    found = {
        severity: (count, since)
        for severity, count, since in unresolved.values_list("severity").annotate(
            Count("pk"), Min("opened_at")
        )
    }
    return [
        OpenIncidents(severity.value, str(severity.label), *found[severity])
        for severity in Incident.Severity
        if severity in found
    ]


class ExpiringPassword(NamedTuple):
    """A rail's password that stops working soon. `days` is below zero if it did already."""

    rail: Rail
    day: date
    days: int


def expiring_passwords(today: date) -> list[ExpiringPassword]:
    known = [(rail, rail.password_expires_on()) for rail in rails.every()]
    found = [ExpiringPassword(rail, day, (day - today).days) for rail, day in known if day]
    return [one for one in found if one.day - today <= WARN_BEFORE_EXPIRY]


def last_check_at() -> datetime | None:
    """When the last run of the checks finished."""
    finished = CheckRun.objects.filter(finished_at__isnull=False).order_by("-finished_at")
    return finished.values_list("finished_at", flat=True).first()
