"""The audit as a CSV file. The export itself is also an audit event."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from adminpanel.audit import words
from ledger.csv_export import Cell, csv_file
from wallet.context import Context
from wallet.models import AuditEvent
from wallet.staff import audit, subjects
from wallet.staff.finding import mask_contacts
from wallet.web import paging

# Events in memory at a time.
BATCH = 2_000
FILE = "nissmart-audit"
HEADINGS = ("id", "at", "actor", "actor_id", "action", "subject", "reason", "facts", "ip_address")


def record(context: Context, filters: dict[str, str]) -> int:
    """Record who exports which part of the audit. Returns the id of that event."""
    event = audit.record(
        context, audit.Action.EXPORT, subjects.AUDIT, filters=mask_contacts(filters)
    )
    return event.pk


def file(events: QuerySet[AuditEvent]) -> StreamingHttpResponse:
    return csv_file(FILE, HEADINGS, map(cells, paging.batches(events, BATCH)))


def cells(event: AuditEvent) -> list[Cell]:
    """One row, in the order of HEADINGS."""
    return [
        event.pk,
        event.at,
        words.actor_name(event),
        event.actor_id,
        event.action,
        event.subject,
        event.reason,
        words.to_text(event),
        event.ip_address,
    ]
