"""What the background worker has to do, and when it last did it, read from the rows it works on.

The heartbeats of the jobs are elsewhere: `adminpanel/integrity/workers.py`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from adminpanel.models import (
    CheckRun,
    ClaimEnding,
    Correction,
    ExportJob,
    ReversalProposal,
    Statement,
)
from ledger.models import AlertMark, Entry, RailEvent, RollupMark, Schedule, ScheduledRun
from ledger.payouts import leases
from ledger.rollups import BATCH
from ledger.schedules.booking import due_at, due_day
from wallet.models import Channel, Delivery, Session

# More rows aren't counted.
AT_MOST = 1_000
# Longer than any job takes to come round.
LATE_AFTER = timedelta(minutes=5)


class Job(NamedTuple):
    """One kind of work. `due_since` is when the oldest of it became due, `last_at` the last done.

    Of some work no row says when: it doesn't know since. `code` is its name in metrics.
    """

    code: str
    name: str | Promise
    due: int
    due_since: datetime | None = None
    last_at: datetime | None = None
    knows_since: bool = True

    @property
    def is_late(self) -> bool:
        return self.due_since is not None and self.due_since < timezone.now() - LATE_AFTER

    @property
    def is_more(self) -> bool:
        """Are there more than were counted?"""
        return self.due > AT_MOST


def jobs() -> list[Job]:
    return [
        payments(),
        callbacks(),
        scheduled(),
        texts("sms", _("SMS to send"), Channel.SMS),
        texts("mail", _("Mail to send"), Channel.EMAIL),
        undated("news", _("Payments to alert members about"), entries_after(AlertMark)),
        undated("entries", _("Entries to fold into totals, in batches of a thousand"), folding()),
        undated(
            "approved", _("Approved reversals, corrections and ends of claims to post"), approved()
        ),
        checks(),
        statements(),
        exported(),
        undated("ended_sessions", _("Ended sessions to delete"), count(ended_sessions())),
    ]


def undated(code: str, name: str | Promise, due: int) -> Job:
    return Job(code, name, due, knows_since=False)


def count(rows: QuerySet[Any]) -> int:
    return rows.order_by()[: AT_MOST + 1].count()


def payments() -> Job:
    due = leases.due(timezone.now())
    # Only a worker writes answers; findings and callbacks have other writers.
    asked = RailEvent.objects.filter(kind__endswith="-answer").values_list("at", flat=True)
    first = due.values_list("next_look_at", flat=True).first()
    return Job("payments", _("Payments to send or to ask about"), count(due), first, asked.first())


def scheduled() -> Job:
    due = Schedule.objects.due(due_day())
    first = due.values_list("next_on", flat=True).first()
    made = ScheduledRun.objects.filter(ended_at__isnull=False).order_by("-ended_at")
    last_at = made.values_list("ended_at", flat=True).first()
    return Job(
        "scheduled",
        _("Scheduled payments to make"),
        count(due),
        due_at(first) if first else None,
        last_at,
    )


def callbacks() -> Job:
    waiting = RailEvent.objects.filter(is_callback=True, handled_at__isnull=True)
    first = waiting.order_by("pk").values_list("at", flat=True).first()
    return Job("callbacks", _("Messages of rails to apply"), count(waiting), first)


def texts(code: str, name: str | Promise, channel: str) -> Job:
    due = Delivery.objects.due(channel)
    first = due.order_by("pk").values_list("created_at", flat=True).first()
    sent = Delivery.objects.filter(channel=channel, state=Delivery.State.SENT)
    return Job(code, name, count(due), first, sent.values_list("ended_at", flat=True).first())


def entries_after(mark: Any) -> int:
    through_id = mark.objects.values_list("through_id", flat=True).first() or 0
    return count(Entry.objects.filter(pk__gt=through_id))


def folding() -> int:
    """Whole batches only: fewer entries wait for more."""
    waiting = entries_after(RollupMark)
    return waiting if waiting >= BATCH else 0


def approved() -> int:
    kinds: tuple[Any, ...] = (ReversalProposal, Correction, ClaimEnding)
    return sum(count(kind.objects.filter(state=kind.State.APPROVED)) for kind in kinds)


def checks() -> Job:
    """Due when the last run is older than CHECKS_EVERY_S, or one was asked for."""
    runs = CheckRun.objects.all()
    last = runs.filter(finished_at__isnull=False).values_list("finished_at", flat=True).first()
    open_since = runs.filter(finished_at__isnull=True).values_list("asked_at", flat=True)
    next_at = last + timedelta(seconds=settings.CHECKS_EVERY_S) if last else None
    is_due = next_at is not None and next_at <= timezone.now()
    since = open_since.first() or (next_at if is_due else None)
    return Job(
        "checks", _("Checks of the books"), int(since is not None or last is None), since, last
    )


def statements() -> Job:
    unread = Statement.objects.filter(state__in=Statement.WORKING)
    first = unread.order_by("pk").values_list("created_at", flat=True).first()
    return Job("statements", _("Statements to read or import"), count(unread), first)


def exported() -> Job:
    waiting = ExportJob.objects.filter(state__in=ExportJob.OPEN)
    first = waiting.order_by("pk").values_list("asked_at", flat=True).first()
    return Job("exports", _("Exports to make"), count(waiting), first)


def ended_sessions() -> QuerySet[Session]:
    return Session.objects.filter(expires_at__lte=timezone.now())
