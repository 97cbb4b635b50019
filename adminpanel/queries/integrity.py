"""Reads of the checks' results."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import Max, OuterRef, QuerySet, Subquery

from adminpanel.models import CheckResult, Incident
from ledger import verify


class Line(NamedTuple):
    """A check, and what it found when it was run last, if ever."""

    check: verify.Check
    latest: CheckResult | None


def latest_results() -> list[Line]:
    """Every check; those that found something come first."""
    names = [check.name for check in verify.CHECKS]
    newest = (
        CheckResult.objects.filter(check_name__in=names)
        .order_by()
        .values("check_name")
        .annotate(last=Max("pk"))
        .values("last")
    )
    results = {one.check_name: one for one in CheckResult.objects.filter(pk__in=newest)}
    lines = [Line(check, results.get(check.name)) for check in verify.CHECKS]
    return sorted(lines, key=lambda line: line.latest is None or line.latest.is_right)


def named(name: str) -> verify.Check | None:
    return next((check for check in verify.CHECKS if check.name == name), None)


def open_incident_of(check: verify.Check) -> Incident | None:
    """The incident that this check opened and that nobody has resolved; there is at most one."""
    unresolved = Incident.objects.exclude(state=Incident.State.RESOLVED)
    return unresolved.select_related("owner").filter(check_name=check.name).first()


def with_check(incidents: QuerySet[Incident]) -> QuerySet[Incident]:
    """Each with what the check that opened it found since: when it `failed_at` last, and, if it
    has been right from then on, `passing_since` when."""
    results = CheckResult.objects.filter(check_name=OuterRef("check_name"))
    wrong = results.exclude(found=0, error="").order_by("-pk")
    right = results.filter(pk__gt=OuterRef("last_wrong_id")).order_by("pk")
    return incidents.annotate(
        last_wrong_id=Subquery(wrong.values("pk")[:1]),
        failed_at=Subquery(wrong.values("finished_at")[:1]),
        passing_since=Subquery(right.values("finished_at")[:1]),
    )
