"""Incidents: open, assign, change and resolve them.

Every operation records an audit event under `incident <id>`. The event's id is also the version
of the incident: `seen` is the last event that the page showed, and an operation from an older
page is refused. Operations return their audit event, or None when nothing changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from adminpanel.models import Incident
from adminpanel.timeline import short_time
from ledger.models import Transaction
from wallet.context import Context
from wallet.db.retries import committed
from wallet.errors import Refusal, TooLate
from wallet.models import AuditEvent, User
from wallet.staff import audit, roles, subjects
from wallet.staff.roles import Right

State, Severity = Incident.State, Incident.Severity
Action = audit.Action

LINKED_AT_MOST = 50


@committed
def open_by_hand(
    context: Context,
    *,
    title: str,
    description: str = "",
    severity: str = Severity.MEDIUM,
    transaction_ids: Iterable[int] = (),
) -> Incident:
    """Open an incident, with these transactions linked.

    A retry with the same key and values returns the first incident.
    """
    roles.require(context.actor_id, Right.WORK)
    ids = sorted(transaction_ids)
    request = context.request_id(title, description, severity, ids)
    if request and (earlier := Incident.objects.filter(request=request).first()):
        return earlier
    incident = Incident.objects.create(
        title=title,
        description=description,
        severity=severity,
        opened_by_id=context.actor_id,
        request=request,
    )
    records = list(Transaction.objects.filter(pk__in=ids).order_by("pk"))
    incident.transactions.set(records)
    record_act(
        context,
        Action.OPEN_INCIDENT,
        incident,
        after={"title": title, "severity": severity},
        linked=[record.reference for record in records],
    )
    return incident


@committed
def assign(
    context: Context, *, incident_id: int, owner_id: int | None, seen: int
) -> AuditEvent | None:
    """Set the owner, or remove the owner with None."""
    incident = lock(context, incident_id, seen)
    owner = User.objects.get(pk=owner_id) if owner_id else None
    before = {"owner": incident.owner.name if incident.owner else ""}
    after = {"owner": owner.name if owner else ""}
    if incident.owner == owner:
        return None
    incident.owner = owner
    incident.save(update_fields=["owner"])
    return record_act(context, Action.CHANGE_INCIDENT, incident, before=before, after=after)


@committed
def change(
    context: Context, *, incident_id: int, seen: int, severity: str, state: str
) -> AuditEvent | None:
    """Change severity and state. To resolve an incident, call `resolve`."""
    assert state != State.RESOLVED
    incident = lock(context, incident_id, seen)
    wanted = {"severity": severity, "state": state}
    before = {name: getattr(incident, name) for name in wanted}
    changed = [name for name in wanted if before[name] != wanted[name]]
    if not changed:
        return None
    for name in changed:
        setattr(incident, name, wanted[name])
    incident.save(update_fields=changed)
    return record_act(
        context,
        Action.CHANGE_INCIDENT,
        incident,
        before={name: before[name] for name in changed},
        after={name: wanted[name] for name in changed},
    )


@committed
def resolve(context: Context, *, incident_id: int, seen: int, resolution: str) -> AuditEvent:
    """Resolve an incident with its resolution. It can't change after that."""
    incident = lock(context, incident_id, seen)
    before = {"state": incident.state}
    incident.state = State.RESOLVED
    incident.resolution = resolution
    incident.resolved_at = timezone.now()
    incident.save(update_fields=["state", "resolution", "resolved_at"])
    return record_act(
        context.because(resolution[:500]),
        Action.RESOLVE_INCIDENT,
        incident,
        before=before,
        after={"state": State.RESOLVED},
    )


@committed
def link(
    context: Context, *, incident_id: int, transaction_ids: Iterable[int]
) -> AuditEvent | None:
    """Link these transactions. Raises a Refusal when there would be more than LINKED_AT_MOST."""
    incident = lock(context, incident_id)
    there = set(incident.transactions.values_list("pk", flat=True))
    fresh = Transaction.objects.filter(pk__in=set(transaction_ids) - there).order_by("pk")
    records = list(fresh)
    if len(there) + len(records) > LINKED_AT_MOST:
        raise Refusal(_("An incident can have up to {most} transactions."), most=LINKED_AT_MOST)
    if records:
        incident.transactions.add(*records)
        references = [record.reference for record in records]
        return record_act(context, Action.CHANGE_INCIDENT, incident, linked=references)
    return None


@committed
def unlink(context: Context, *, incident_id: int, transaction_id: int) -> AuditEvent | None:
    incident = lock(context, incident_id)
    record = incident.transactions.filter(pk=transaction_id).first()
    if record:
        incident.transactions.remove(record)
        unlinked = [record.reference]
        return record_act(context, Action.CHANGE_INCIDENT, incident, unlinked=unlinked)
    return None


@committed
def add_note(context: Context, *, incident_id: int, text: str) -> AuditEvent:
    """Add a staff note, stored in the audit.

    A note overwrites nothing, so there is no `seen`. A retry with the same key and text returns
    the first note, even after the incident is resolved.
    """
    roles.require(context.actor_id, Right.WORK)
    request = context.request_id(incident_id, text)
    # Lock first, so that the second of two simultaneous clicks finds the note of the first.
    Incident.objects.select_for_update().get(pk=incident_id)
    if request and (earlier := note_of(incident_id, request)):
        return earlier
    incident = lock(context, incident_id)
    facts = {"request": str(request)} if request else {}
    return record_act(context.because(text), Action.NOTE, incident, **facts)


def note_of(incident_id: int, request: UUID) -> AuditEvent | None:
    """The note that this request added. It's in the audit, so its facts hold the request."""
    notes = events_of(incident_id).filter(action=Action.NOTE)
    return notes.filter(facts__request=str(request)).first()


def lock(context: Context, incident_id: int, seen: int | None = None) -> Incident:
    """Lock the incident until commit.

    Raises NotAllowed outside finance, Incident.DoesNotExist, and TooLate when it is resolved or
    has changed since `seen`.
    """
    roles.require(context.actor_id, Right.WORK)
    # Without joins: the joined rows would be as old as the start of the wait for the lock.
    incident = Incident.objects.select_for_update().get(pk=incident_id)
    last = last_event(incident_id)
    who = (last and last.who) or _("the system")
    at = short_time(last.at) if last else ""
    if incident.state == State.RESOLVED:
        raise TooLate(
            _("{name} resolved this incident at {time}. Resolved incidents can't be changed."),
            name=who,
            time=at,
        )
    if seen is not None and last and last.pk != seen:
        raise TooLate(
            _(
                "{name} changed this incident at {time}, after you opened this page. "
                "Check it and try again."
            ),
            name=who,
            time=at,
        )
    return incident


def last_event(incident_id: int) -> AuditEvent | None:
    return events_of(incident_id).select_related("actor").first()


def events_of(incident_id: int) -> QuerySet[AuditEvent]:
    """Newest first."""
    subject = str(subjects.incident(incident_id))
    return AuditEvent.objects.filter(subject=subject).order_by("-pk")


def record_act(
    context: Context, action: audit.Action, incident: Incident, **facts: Any
) -> AuditEvent:
    return audit.record(context, action, subjects.incident(incident.pk), **facts)
