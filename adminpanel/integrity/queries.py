"""Queries about check results."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import Max

from adminpanel.models import CheckResult, CheckRun
from ledger import verify


class Line(NamedTuple):
    """A check and its latest result, if any."""

    check: verify.Check
    latest: CheckResult | None


def latest_results() -> list[Line]:
    """Every check with its latest result, failed checks first."""
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
    return sorted(lines, key=lambda line: line.latest is None or line.latest.has_passed)


def failed_checks() -> list[CheckResult]:
    """The checks that failed in the last run that finished."""
    last_run = CheckRun.objects.filter(finished_at__isnull=False).order_by("-finished_at")[:1]
    results = CheckResult.objects.filter(run__in=last_run.values("pk"))
    return list(results.exclude(found=0, error=""))
