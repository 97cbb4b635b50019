"""Reads of the audit."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from ledger.references import REFERENCE
from wallet.models import AuditEvent, User
from wallet.roles import AUDITOR, FINANCE

BATCH = 2_000


def staff() -> QuerySet[User]:
    """Everybody whose acts may be in the audit, by name."""
    return (
        User.objects.filter(Q(groups__name__in=(FINANCE, AUDITOR)) | Q(is_staff=True))
        .distinct()
        .order_by("name", "pk")
    )


def link_of(subject: str) -> str | None:
    """The page of what was acted upon, if it has one."""
    kind, _space, key = subject.partition(" ")
    if kind == "transaction" and REFERENCE.fullmatch(key):
        return reverse("adminpanel:transaction", args=[key])
    if kind in ("member", "incident") and key.isdecimal():
        return reverse(f"adminpanel:{kind}", args=[key])
    return reverse("adminpanel:ledger") if subject == "ledger" else None


def facts_in_words(event: AuditEvent) -> str:
    """`changed: name, email; token: Till (…x7Qa)`"""
    parts = []
    for name, value in event.facts.items():
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        if text:
            parts.append(f"{name}: {text}")
    return "; ".join(parts)


def actor_name(event: AuditEvent) -> str:
    return event.actor.name if event.actor else _("The system")


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
