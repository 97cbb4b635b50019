"""Queries about incidents, and their history in words."""

from __future__ import annotations

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from adminpanel.models import CheckResult, Incident
from adminpanel.timeline import Moment, actor_name
from wallet.models import AuditEvent

Action = AuditEvent.Action

LINKED = 50


def incident_counts(severity: str = "") -> dict[str, int]:
    """Number of incidents per state, with this severity or with any."""
    counted = Incident.objects.filter(severity=severity) if severity else Incident.objects.all()
    rows = counted.order_by().values_list("state").annotate(count=Count("pk"))
    return dict.fromkeys(Incident.State.values, 0) | dict(rows)


def incidents(state: str, severity: str = "") -> QuerySet[Incident]:
    """Incidents in this state (empty: unresolved), with this severity (empty: any)."""
    found = Incident.objects.select_related("owner", "opened_by")
    found = found.filter(state=state) if state else found.exclude(state=Incident.State.RESOLVED)
    if severity:
        found = found.filter(severity=severity)
    return with_check(found.annotate(linked=Count("transactions")))


def timeline(history: list[AuditEvent]) -> list[Moment]:
    """The incident's history in words, oldest first."""
    return [
        Moment(describe(event), actor_name(event), event.at, event.reason)
        for event in reversed(history)
    ]


def describe(event: AuditEvent) -> str:
    """One audit event of an incident, in words."""
    if event.action == Action.OPEN_INCIDENT:
        check = event.facts.get("after", {}).get("check")
        return _("Opened by the check “{check}”").format(check=check) if check else _("Opened")
    if event.action == Action.RESOLVE_INCIDENT:
        return _("Resolved")
    parts = [describe_change(event, name) for name in ("owner", "state", "severity")]
    if also := event.facts.get("also"):
        parts.append(_("The check “{check}” failed in the same run").format(check=also))
    for name, words in (("linked", _("Linked {names}")), ("unlinked", _("Unlinked {names}"))):
        if references := event.facts.get(name):
            parts.append(words.format(names=", ".join(references)))
    return ". ".join(part for part in parts if part) or str(Action(event.action).label)


def outcome(event: AuditEvent | None) -> str:
    """The message for the person who did this."""
    if event is None:
        return _("Nothing changed. The incident was already like this.")
    if event.action == Action.NOTE:
        return _("Note added.")
    after = event.facts.get("after", {})
    if "owner" in after:
        owner = after["owner"]
        return (
            _("{name} is now the owner.").format(name=owner)
            if owner
            else _("The incident has no owner now.")
        )
    return f"{describe(event)}."


def describe_change(event: AuditEvent, name: str) -> str:
    before, after = event.facts.get("before", {}), event.facts.get("after", {})
    if name not in after:
        return ""
    if name == "owner":
        owner = after[name]
        if owner == actor_name(event):
            return _("Took ownership")
        return _("Assigned to {name}").format(name=owner) if owner else _("Owner removed")
    choices = Incident.State if name == "state" else Incident.Severity
    label = _("State") if name == "state" else _("Severity")
    return _("{label} changed from {before} to {after}").format(
        label=label,
        before=choices(before[name]).label.lower(),
        after=choices(after[name]).label.lower(),
    )


def with_check(incidents: QuerySet[Incident]) -> QuerySet[Incident]:
    """Add the state of the check that opened each incident.

    `failed_at` is its last failure, `passing_since` the first pass after that, if any.
    """
    results = CheckResult.objects.filter(check_name=OuterRef("check_name"))
    wrong = results.exclude(found=0, error="").order_by("-pk")
    right = results.filter(pk__gt=OuterRef("last_wrong_id")).order_by("pk")
    return incidents.annotate(
        last_wrong_id=Subquery(wrong.values("pk")[:1]),
        failed_at=Subquery(wrong.values("finished_at")[:1]),
        passing_since=Subquery(right.values("finished_at")[:1]),
    )
