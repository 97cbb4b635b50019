"""Reads of the audit."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from adminpanel.models import Incident
from ledger.models import Transaction
from ledger.references import as_reference
from wallet.folding import holds
from wallet.models import AuditEvent, User
from wallet.staff.roles import AUDITOR, FINANCE

BATCH = 2_000
INCIDENTS_AT_MOST = 50


def staff() -> QuerySet[User]:
    """Everybody whose acts may be in the audit, by name."""
    return (
        User.objects.filter(Q(groups__name__in=(FINANCE, AUDITOR)) | Q(is_staff=True))
        .distinct()
        .order_by("search_name", "pk")
    )


def search(events: QuerySet[AuditEvent], text: str) -> QuerySet[AuditEvent]:
    """Those about this subject, or with these words in their reason.

    A reference finds whatever names it as well, and what was done about its incidents.
    """
    found = Q(subject__iexact=text) | holds("reason", text)
    if reference := as_reference(text):
        events = events.annotate(told=Cast("facts", TextField()))
        found |= Q(subject__in=subjects_of(reference)) | Q(told__contains=reference)
    return events.filter(found)


def subjects_of(reference: str) -> list[str]:
    """A transaction, the one that it takes back, and the incidents about it."""
    records = Transaction.objects.filter(reference=reference)
    taken_back = records.exclude(reverses=None).values_list("reverses__reference", flat=True)
    incidents = Incident.objects.filter(transactions__in=records).values_list("pk", flat=True)
    return [
        *(f"transaction {name}" for name in (reference, *taken_back)),
        *(f"incident {pk}" for pk in incidents[:INCIDENTS_AT_MOST]),
    ]


def batches(events: QuerySet[AuditEvent]) -> Iterator[AuditEvent]:
    """All of these, newest first, a batch in memory at a time; none that come in meanwhile."""
    last_id: int | None = None
    while True:
        older = events if last_id is None else events.filter(pk__lt=last_id)
        found = list(older.order_by("-pk")[:BATCH])
        yield from found
        if len(found) < BATCH:
            return
        last_id = found[-1].pk
