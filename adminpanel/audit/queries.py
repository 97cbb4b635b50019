"""Reads of the audit."""

from __future__ import annotations

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast, Coalesce

from adminpanel.models import Incident
from ledger.models import Transaction
from ledger.references import as_reference
from wallet.db.text_search import holds
from wallet.models import AuditEvent, User
from wallet.staff import subjects
from wallet.staff.roles import RIGHTS

INCIDENTS_AT_MOST = 50


def staff(and_this: str = "") -> QuerySet[User]:
    """Everyone with a role of staff, by name, and the person with this id: perhaps they had one."""
    is_asked_for = Q(pk=to_id(and_this)) if to_id(and_this) else Q()
    is_staff = Q(groups__name__in=RIGHTS) | Q(is_staff=True)
    return User.objects.filter(is_staff | is_asked_for).distinct().order_by("search_name", "pk")


def to_id(text: str) -> int | None:
    is_id = text.isascii() and text.isdecimal() and len(text) < 19
    return int(text) if is_id else None


def search(events: QuerySet[AuditEvent], text: str) -> QuerySet[AuditEvent]:
    """Events about this subject, from this IP address, or with these words in their reason.

    A reference also finds events that mention it in their facts, and events about its incidents.
    """
    subject = subjects.parse(text)
    found = Q(subject=str(subject or text)) | holds("reason", text) | Q(ip_address=text)
    if reference := as_reference(subject.key if subject else text):
        events = events.annotate(written=Cast("facts", TextField()))
        found |= Q(subject__in=subjects_of(reference)) | Q(written__contains=reference)
    return events.filter(found)


def subjects_of(reference: str) -> list[str]:
    """The subjects of a transaction: itself, the one it reverses, and its incidents."""
    records = Transaction.objects.filter(reference=reference)
    original = Coalesce("reverses__reference", "part_of__reference")
    taken_back = records.exclude(reverses=None, part_of=None).values_list(original, flat=True)
    incidents = Incident.objects.filter(transactions__in=records).values_list("pk", flat=True)
    return [
        *(str(subjects.transaction(name)) for name in (reference, *taken_back)),
        *(str(subjects.incident(pk)) for pk in incidents[:INCIDENTS_AT_MOST]),
    ]
