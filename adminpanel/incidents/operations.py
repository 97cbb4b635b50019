"""Incidents: something is wrong, somebody sees to it, and it ends with what was done.

Each act is in the audit under `incident <id>`, which is also how a page knows whether it is
still up to date: `seen` is the last event it showed, and who acts on an older page is told.
An act gives the event that tells of it; None when all was so already and nothing changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from adminpanel.models import Incident
from adminpanel.once import request_id
from adminpanel.refusals import Refusal, TooLate
from adminpanel.timeline import short_time
from ledger.models import Transaction
from wallet.db.retries import committed
from wallet.models import AuditEvent, User
from wallet.staff import audit

State, Severity = Incident.State, Incident.Severity
Action = audit.Action

LINKED_AT_MOST = 50
SECOND_CLICK = timedelta(minutes=1)


@committed
def open_by_hand(
    *,
    actor_id: int,
    title: str,
    description: str = "",
    severity: str = Severity.MEDIUM,
    transaction_ids: Iterable[int] = (),
    key: UUID | None = None,
    address: str = "",
) -> Incident:
    """Open an incident about these transactions, if any.

    The same words with the same key give the incident that they opened the first time.
    """
    ids = sorted(transaction_ids)
    request = request_id(key, actor_id, title, description, severity, ids)
    if request and (earlier := Incident.objects.filter(request=request).first()):
        return earlier
    incident = Incident.objects.create(
        title=title,
        description=description,
        severity=severity,
        opened_by_id=actor_id,
        request=request,
    )
    records = list(Transaction.objects.filter(pk__in=ids).order_by("pk"))
    incident.transactions.set(records)
    note_down(
        incident,
        Action.OPEN_INCIDENT,
        actor_id=actor_id,
        address=address,
        after={"title": title, "severity": severity},
        linked=[record.reference for record in records],
    )
    return incident


def open_for_check(
    check_name: str, title: str, description: str, references: Iterable[str] = ()
) -> Incident:
    """Open an incident for a check that failed, about the transactions with these references; if
    one is open for that check, give that one.

    May be called inside a transaction of the caller's.
    """
    still_open = Incident.objects.exclude(state=State.RESOLVED).filter(check_name=check_name)
    if incident := still_open.first():
        return incident
    try:
        with transaction.atomic():
            incident = Incident.objects.create(
                title=title[:120],
                description=description[:2000],
                severity=Severity.HIGH,
                check_name=check_name,
            )
            found = Transaction.objects.filter(reference__in=references).order_by("pk")
            records = list(found[:LINKED_AT_MOST])
            incident.transactions.set(records)
            note_down(
                incident,
                Action.OPEN_INCIDENT,
                actor_id=None,
                after={"check": check_name},
                linked=[record.reference for record in records],
            )
    except IntegrityError:
        # Another worker was faster; the constraint lets in one.
        return still_open.get()
    return incident


@committed
def assign(
    *, actor_id: int, incident_id: int, owner_id: int | None, seen: int, address: str = ""
) -> AuditEvent | None:
    """Make somebody the owner: oneself, another one of finance, or nobody."""
    incident = held(incident_id, seen)
    owner = User.objects.get(pk=owner_id) if owner_id else None
    before = {"owner": incident.owner.name if incident.owner else ""}
    after = {"owner": owner.name if owner else ""}
    if incident.owner == owner:
        return None
    incident.owner = owner
    incident.save(update_fields=["owner"])
    return note_down(
        incident,
        Action.CHANGE_INCIDENT,
        actor_id=actor_id,
        address=address,
        before=before,
        after=after,
    )


@committed
def change(
    *,
    actor_id: int,
    incident_id: int,
    seen: int,
    severity: str,
    state: str,
    address: str = "",
) -> AuditEvent | None:
    """Change how grave it is, and whether somebody is at it. `resolve` is what ends it."""
    assert state != State.RESOLVED
    incident = held(incident_id, seen)
    wanted = {"severity": severity, "state": state}
    before = {name: getattr(incident, name) for name in wanted}
    changed = [name for name in wanted if before[name] != wanted[name]]
    if not changed:
        return None
    for name in changed:
        setattr(incident, name, wanted[name])
    incident.save(update_fields=changed)
    return note_down(
        incident,
        Action.CHANGE_INCIDENT,
        actor_id=actor_id,
        address=address,
        before={name: before[name] for name in changed},
        after={name: wanted[name] for name in changed},
    )


@committed
def resolve(
    *, actor_id: int, incident_id: int, seen: int, resolution: str, address: str = ""
) -> AuditEvent:
    """End it with what was found and done. A resolved incident stays as it is."""
    incident = held(incident_id, seen)
    before = {"state": incident.state}
    incident.state = State.RESOLVED
    incident.resolution = resolution
    incident.resolved_at = timezone.now()
    incident.save(update_fields=["state", "resolution", "resolved_at"])
    return note_down(
        incident,
        Action.RESOLVE_INCIDENT,
        actor_id=actor_id,
        reason=resolution[:500],
        address=address,
        before=before,
        after={"state": State.RESOLVED},
    )


@committed
def link(
    *, actor_id: int, incident_id: int, transaction_ids: Iterable[int], address: str = ""
) -> AuditEvent | None:
    """Say that it is about these transactions too. Those linked already stay linked."""
    incident = held(incident_id)
    there = set(incident.transactions.values_list("pk", flat=True))
    fresh = Transaction.objects.filter(pk__in=set(transaction_ids) - there).order_by("pk")
    records = list(fresh)
    if len(there) + len(records) > LINKED_AT_MOST:
        raise Refusal(_("An incident holds up to {most} transactions.").format(most=LINKED_AT_MOST))
    if records:
        incident.transactions.add(*records)
        references = [record.reference for record in records]
        return note_down(
            incident,
            Action.CHANGE_INCIDENT,
            actor_id=actor_id,
            address=address,
            linked=references,
        )
    return None


@committed
def unlink(
    *, actor_id: int, incident_id: int, transaction_id: int, address: str = ""
) -> AuditEvent | None:
    """Say that it is not about this transaction."""
    incident = held(incident_id)
    record = incident.transactions.filter(pk=transaction_id).first()
    if record:
        incident.transactions.remove(record)
        return note_down(
            incident,
            Action.CHANGE_INCIDENT,
            actor_id=actor_id,
            address=address,
            unlinked=[record.reference],
        )
    return None


@committed
def add_note(*, actor_id: int, incident_id: int, text: str, address: str = "") -> AuditEvent:
    """Write down what was found out or agreed; the audit is what keeps it.

    It overwrites nothing, so it is taken from an old page too. The last words of the same hand
    again, within a minute, are a second click, and no news.
    """
    incident = held(incident_id)
    said = AuditEvent.objects.filter(
        subject=f"incident {incident_id}", action=Action.NOTE, actor=actor_id
    )
    last = said.order_by("-pk").first()
    if last and last.reason == text and timezone.now() - last.at < SECOND_CLICK:
        return last
    return note_down(incident, Action.NOTE, actor_id=actor_id, reason=text, address=address)


def held(incident_id: int, seen: int | None = None) -> Incident:
    """The incident, locked until commit, if it may still change.

    Raises Incident.DoesNotExist; TooLate when it is resolved, or when something has been done
    to it since the event `seen`.
    """
    # Alone: of rows joined to it, whoever waited for the lock would get those of before.
    incident = Incident.objects.select_for_update().get(pk=incident_id)
    last = last_event(incident_id)
    who = (last and last.who) or _("the system")
    at = short_time(last.at) if last else ""
    if incident.state == State.RESOLVED:
        raise TooLate(
            _("Already resolved by {name} at {time}. It stays as it is.").format(name=who, time=at)
        )
    if seen is not None and last and last.pk != seen:
        raise TooLate(
            _(
                "{name} changed this incident at {time}, after you opened it. "
                "Look at it as it is now, then do it again if it is still right."
            ).format(name=who, time=at)
        )
    return incident


def last_event(incident_id: int) -> AuditEvent | None:
    events = AuditEvent.objects.filter(subject=f"incident {incident_id}")
    return events.select_related("actor").order_by("-pk").first()


def note_down(
    incident: Incident, action: audit.Action, *, actor_id: int | None, **more: Any
) -> AuditEvent:
    return audit.record(action, f"incident {incident.pk}", actor_id=actor_id, **more)
