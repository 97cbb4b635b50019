"""Timelines: what happened to a transaction or an incident, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from ledger.querysets import NAIROBI, nairobi_day
from wallet.models import AuditEvent
from wallet.staff.subjects import Subject

EVENTS = 100


@dataclass(frozen=True, slots=True)
class Moment:
    """One step of a timeline."""

    label: str
    actor: str = ""
    at: datetime | None = None
    remark: str = ""
    reference: str = ""
    is_bad: bool = False


def events(subject: Subject, also: Q | None = None) -> list[AuditEvent]:
    """The newest events about a subject, or matching `also`. Newest first."""
    found = AuditEvent.objects.filter(Q(subject=str(subject)) | (also or Q()))
    return list(found.select_related("actor").order_by("-pk")[:EVENTS])


def actor_name(event: AuditEvent) -> str:
    return event.who or _("Nissmart")


def short_time(at: datetime) -> str:
    """`10:03` today, `24 Nov 2026, 10:03` on any other day."""
    local = timezone.localtime(at, NAIROBI)
    is_today = local.date() == nairobi_day()
    return date_format(local, "H:i" if is_today else "j M Y, H:i")
