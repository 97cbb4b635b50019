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
    """`state: OPEN → RESOLVED; linked: NS-7K2Q9PXM, NS-J2V5VDYN`

    By name: PostgreSQL does not keep the order in which they were written.
    """
    facts = dict(event.facts)
    before, after = facts.pop("before", {}), facts.pop("after", {})
    parts = [
        f"{name}: {in_words(before[name]) or '–'} → {in_words(value) or '–'}"
        if name in before
        else f"{name}: {in_words(value)}"
        for name, value in sorted(after.items())
    ]
    parts += [
        f"{name}: {text}" for name, value in sorted(facts.items()) if (text := in_words(value))
    ]
    return "; ".join(parts)


def in_words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {part}" for name, part in sorted(value.items()))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def actor_name(event: AuditEvent) -> str:
    return event.who or _("The system")


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
