"""Incidents of failed checks: one for all checks that fail in a run, closed when they pass again.

One wrong row fails several checks, and they are one problem.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from adminpanel.incidents.operations import (
    LINKED_AT_MOST,
    Action,
    Severity,
    State,
    record_act,
)
from adminpanel.models import CheckRun, Incident
from adminpanel.timeline import short_time
from ledger import verify
from ledger.models import Transaction
from wallet.context import SYSTEM
from wallet.db.retries import committed


def open_for_check(
    check_name: str,
    title: str,
    description: str,
    references: Iterable[str] = (),
    run_id: int | None = None,
) -> Incident:
    """Open an incident for a failed check, with the transactions of these references linked.

    If the check has an open incident, return that one. Otherwise it joins the open incident of
    this run of the checks, if another check failed in it. May be called inside a transaction.
    """
    if incident := open_incident_of(check_name):
        return incident
    of_run = unresolved().filter(run_id=run_id).first() if run_id else None
    if of_run:
        return join(of_run.pk, check_name, description, references)
    try:
        with transaction.atomic():
            incident = Incident.objects.create(
                title=title[:120],
                description=description[:2000],
                severity=Severity.HIGH,
                check_name=check_name,
                run_id=run_id,
            )
            linked = link_to(incident, references)
            after = {"check": check_name}
            record_act(SYSTEM, Action.OPEN_INCIDENT, incident, after=after, linked=linked)
    except IntegrityError:
        # Another worker was faster. The constraint allows one open incident per check.
        return unresolved().get(check_name=check_name)
    return incident


@transaction.atomic
def join(
    incident_id: int, check_name: str, description: str, references: Iterable[str]
) -> Incident:
    """Add a check to the incident of its run."""
    incident = Incident.objects.select_for_update().get(pk=incident_id)
    incident.other_checks = [*incident.other_checks, check_name]
    names = ", ".join(title_of(name) for name in incident.checks)
    incident.title = Truncator(_("Checks failed: {names}").format(names=names)).chars(120)
    more = f"{incident.description}\n\n{title_of(check_name)}\n{description}"
    incident.description = more[:2000]
    incident.save(update_fields=["other_checks", "title", "description"])
    linked = link_to(incident, references)
    record_act(SYSTEM, Action.CHANGE_INCIDENT, incident, also=check_name, linked=linked)
    return incident


def link_to(incident: Incident, references: Iterable[str]) -> list[str]:
    """Link the transactions of these references, up to the most. Returns those that are new."""
    there = set(incident.transactions.values_list("reference", flat=True))
    found = Transaction.objects.filter(reference__in=set(references) - there).order_by("pk")
    records = list(found[: LINKED_AT_MOST - len(there)])
    incident.transactions.add(*records)
    return [record.reference for record in records]


def close_passed(run: CheckRun) -> int:
    """Close the incidents whose checks have all passed in this run. Says how many.

    An incident that someone owns or reviews is theirs to resolve. A check that didn't run hasn't
    passed.
    """
    passed = {one.check_name for one in run.results.all() if one.has_passed}
    idle = unresolved().filter(state=State.OPEN, owner__isnull=True)
    ready = [one.pk for one in idle if passed.issuperset(one.checks)]
    for incident_id in ready:
        close_by_itself(incident_id)
    return len(ready)


@committed
def close_by_itself(incident_id: int) -> None:
    incident = Incident.objects.select_for_update().get(pk=incident_id)
    if incident.state != State.OPEN or incident.owner_id:
        return
    now = timezone.now()
    names = ", ".join(title_of(name) for name in incident.checks)
    said = _("Closed by itself at {time}, because these checks passed: {names}.")
    incident.resolution = said.format(time=short_time(now), names=names)[:2000]
    incident.state, incident.resolved_at = State.RESOLVED, now
    incident.save(update_fields=["state", "resolution", "resolved_at"])
    record_act(
        SYSTEM.because(incident.resolution[:500]),
        Action.RESOLVE_INCIDENT,
        incident,
        before={"state": State.OPEN},
        after={"state": State.RESOLVED},
    )


def open_incident_of(check_name: str) -> Incident | None:
    """The unresolved incident that this check opened or joined. There is at most one."""
    # Unresolved ones are few, and a JSON list is searched differently on each engine.
    found = unresolved().select_related("owner").order_by("pk")
    return next((one for one in found if check_name in one.checks), None)


def unresolved() -> QuerySet[Incident]:
    return Incident.objects.exclude(state=State.RESOLVED).exclude(check_name="")


def title_of(check_name: str) -> str:
    check = verify.by_name(check_name)
    return str(check.title) if check else check_name
