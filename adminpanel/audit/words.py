"""Audit events in words, with links to the pages they mention."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from adminpanel.models import Incident
from ledger import kinds
from ledger.models import Verdict
from ledger.status import Status
from wallet.models import AuditEvent, User
from wallet.staff import subjects
from wallet.staff.roles import APPROVER, AUDITOR, FINANCE, SUPPORT

LABELS = {
    "check": gettext_lazy("Check"),
    "claim": gettext_lazy("Claim"),
    "correction": gettext_lazy("Correction"),
    "filters": gettext_lazy("Filters"),
    "may_claim": gettext_lazy("Rest from later deposits"),
    "linked": gettext_lazy("Linked"),
    "note": gettext_lazy("Note number"),
    "owner": gettext_lazy("Owner"),
    "proposal": gettext_lazy("Proposal"),
    "reversal": gettext_lazy("Reversal"),
    "run": gettext_lazy("Run of the checks"),
    "severity": gettext_lazy("Severity"),
    "shown": gettext_lazy("Shown"),
    "state": gettext_lazy("State"),
    "through_id": gettext_lazy("Up to transaction number"),
    "title": gettext_lazy("Title"),
    "transaction": gettext_lazy("Transaction"),
    "unlinked": gettext_lazy("Unlinked"),
}
# Labels of the codes in an event's facts: states, severities, statuses and outcomes.
WORDS = {
    **dict(Incident.State.choices),
    **dict(Incident.Severity.choices),
    **dict(Status.choices),
    **dict(Verdict.Outcome.choices),
    # What was guessed at, and how people signed in.
    "mfa": gettext_lazy("Two-step sign-in"),
    "password": gettext_lazy("Password"),
    "password_reset": gettext_lazy("New password"),
    "reset_code": gettext_lazy("Code of a reset"),
    "second_factor": gettext_lazy("Two-step code"),
}
ROLES = {
    SUPPORT: gettext_lazy("Support"),
    FINANCE: gettext_lazy("Finance"),
    APPROVER: gettext_lazy("Finance approver"),
    AUDITOR: gettext_lazy("Auditor"),
}


class Part(NamedTuple):
    words: str
    url: str | None = None


class Fact(NamedTuple):
    label: str
    parts: list[Part]

    def __str__(self) -> str:
        return f"{self.label}: {', '.join(part.words for part in self.parts)}"


def facts_of(event: AuditEvent) -> list[Fact]:
    """`State: Open → Resolved`, `Linked: NS-7K2Q9PXM, NS-J2V5VDYN`

    Without the deduplication id, which says nothing to a reader. Sorted by name, because
    PostgreSQL doesn't keep the order of JSON keys.
    """
    facts = {name: value for name, value in event.facts.items() if name != "request"}
    before, after = facts.pop("before", {}), facts.pop("after", {})
    changes = [
        Fact(label(name), [Part(describe_change(name, before, value))])
        for name, value in sorted(after.items())
    ]
    others = [Fact(label(name), parts(event, name, facts[name])) for name in sorted(facts)]
    return [fact for fact in changes + others if fact.parts]


def to_text(event: AuditEvent) -> str:
    return "; ".join(map(str, facts_of(event)))


def label(name: str) -> str:
    return str(LABELS.get(name) or capfirst(name.replace("_", " ")))


def describe_change(name: str, before: dict[str, Any], value: Any) -> str:
    return f"{word(before[name])} → {word(value)}" if name in before else word(value)


def word(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(word, value)) or "–"
    words = WORDS | dict(kinds.choices())
    return str(words.get(value, value)) if value else "–"


def parts(event: AuditEvent, name: str, value: Any) -> list[Part]:
    """The values of one fact. Empty when the fact is empty."""
    if isinstance(value, dict):
        return [Part(f"{key} {word(value[key])}") for key in sorted(value)]
    values = value if isinstance(value, list) else [value]
    return [Part(word(one), url_of(event, name, one)) for one in values]


def url_of(event: AuditEvent, name: str, value: Any) -> str | None:
    """The URL of a fact's value, if it has a page."""
    if name == "proposal":
        return reverse("adminpanel:reversal", args=[value])
    if name == "correction":
        return reverse("adminpanel:adjustment", args=[value])
    if name == "claim":
        return reverse("adminpanel:claim", args=[value])
    if name == "run":
        return reverse("adminpanel:integrity")
    if name == "note" and (url := url_of_subject(event.subject)):
        return f"{url}#notes"
    return subjects.transaction(value).url if isinstance(value, str) else None


def url_of_subject(text: str) -> str | None:
    """The URL of an event's subject, if it has a page."""
    subject = subjects.parse(text)
    return subject.url if subject else None


def actor_name(event: AuditEvent) -> str:
    if event.actor_id is None and event.action in AuditEvent.BY_STRANGERS:
        return _("Someone not signed in")
    return event.who or _("The system")


def role_of(user: User | None) -> str:
    """The person's roles now. The audit doesn't store the roles at that time."""
    if not user:
        return ""
    roles = [str(ROLES[group.name]) for group in user.groups.all() if group.name in ROLES]
    return ", ".join([*roles, *([_("Operator")] if user.is_staff else [])])
