"""What the overview shows. Each read costs the same however long the history is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Min
from django.db.models.functions import TruncDate
from django.utils import timezone

from adminpanel.models import CheckRun, Incident
from adminpanel.overview.totals import Volume, Waiting, by_day, count_waiting
from adminpanel.reversals.queries import proposals_to_decide
from ledger import rollups
from ledger.querysets import day_start
from ledger.rollups import Total
from wallet.models import User

WEEK = timedelta(days=7)

type Volumes = Callable[[date], Volume]


class Position(NamedTuple):
    """What all entries come to, and those of the last two weeks by day, read at one instant."""

    today: date
    totals: list[Total]
    recent: dict[tuple[date, str], Volume]

    def of_type(self, type: str) -> list[Day]:
        """The last seven days of one type of transaction: what has succeeded."""
        return week(self.today, lambda day: self.recent.get((day, type), Volume()))


class Day(NamedTuple):
    """One Nairobi day of the last seven, and the same day of the week before."""

    day: date
    now: Volume
    before: Volume

    @property
    def earlier_day(self) -> date:
        return self.day - WEEK


@dataclass(frozen=True, slots=True)
class OpenIncidents:
    """How many of one severity are not resolved, and since when the oldest is open."""

    severity: str
    label: str
    count: int
    since: datetime


def position() -> Position:
    """Where the system stands now."""
    today = timezone.localdate()
    first = first_day(today)
    # Entries are only ever added to today, so what is older stands still between the two reads.
    older = rollups.totals(until=first - timedelta(days=1))
    recent = rollups.totals(since=first, by_day=True)
    return Position(today, [*older, *recent], by_day(recent))


def first_day(today: date) -> date:
    """The first of fourteen days that end today."""
    return today - 2 * WEEK + timedelta(days=1)


def week(today: date, volume_on: Volumes) -> list[Day]:
    days = [today - timedelta(days=ago) for ago in range(6, -1, -1)]
    return [Day(day, volume_on(day), volume_on(day - WEEK)) for day in days]


def sign_ups(today: date) -> list[Day]:
    """How many people have joined on each of the last seven days."""
    joined = User.objects.filter(created_at__gte=day_start(first_day(today)))
    counts = dict(
        joined.order_by()
        .annotate(day=TruncDate("created_at"))
        .values_list("day")
        .annotate(Count("pk"))
    )
    return week(today, lambda day: Volume(counts.get(day, 0)))


def proposals(reader: User) -> Waiting:
    """Reversals that a second person has yet to decide on; one's own wait for somebody else."""
    return count_waiting(
        proposals_to_decide(reader), cents="transaction__amount_cents", since="proposed_at"
    )


def open_incidents() -> list[OpenIncidents]:
    """Incidents not resolved, the most severe first."""
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


def last_check_at() -> datetime | None:
    """When the checks of the books were last run to the end."""
    finished = CheckRun.objects.filter(finished_at__isnull=False).order_by("-finished_at")
    return finished.values_list("finished_at", flat=True).first()
