"""Queries about check results."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet, Subquery

from adminpanel.models import CheckResult, CheckRun
from ledger import verify


class Line(NamedTuple):
    """A check and its latest result, if any."""

    check: verify.Check
    latest: CheckResult | None


def latest_results() -> list[Line]:
    """Every check with its latest result, failed checks first."""
    names = [check.name for check in verify.CHECKS]
    # A look into the index for each check: to group all results reads every row.
    newest = [Q(pk=Subquery(latest_of(name))) for name in names]
    found = CheckResult.objects.filter(reduce(or_, newest))
    results = {one.check_name: one for one in found}
    lines = [Line(check, results.get(check.name)) for check in verify.CHECKS]
    return sorted(lines, key=lambda line: line.latest is None or line.latest.has_passed)


def latest_of(name: str) -> QuerySet[Any, Any]:
    return CheckResult.objects.filter(check_name=name).order_by("-pk").values("pk")[:1]


def failed_checks() -> list[CheckResult]:
    """The checks that failed in the last run that finished."""
    last_run = CheckRun.objects.filter(finished_at__isnull=False).order_by("-finished_at")[:1]
    results = CheckResult.objects.filter(run__in=last_run.values("pk"))
    return list(results.exclude(found=0, error=""))
