"""The checks of the books: requested by staff or by the clock, run by a worker.

A run is a row, so it outlives its worker: the worker holds a lease on it and writes each check's
result as it comes. A worker that died loses the lease, and nothing it writes later counts.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from adminpanel.incidents.operations import open_for_check
from adminpanel.models import CheckResult, CheckRun
from ledger import verify
from ledger.models import Transaction
from ledger.payouts import operations as payouts
from wallet.context import SYSTEM, Context
from wallet.staff import audit, subjects

logger = logging.getLogger(__name__)

# Longer than any one check takes.
LEASE = timedelta(minutes=15)
FINDINGS_AT_MOST = 50
# How soon a page that finds the books wrong asks again, should the checks find them right.
SOON = timedelta(minutes=1)


def request_run(context: Context) -> CheckRun:
    """Request a run of all checks; returns the run under way, if there is one.

    A request by the clock (`SYSTEM`) is not in the audit.
    """
    try:
        with transaction.atomic():
            run = CheckRun.objects.create(asked_by_id=context.actor_id)
            if context.actor_id is not None:
                audit.record(context, audit.Action.RUN_CHECKS, subjects.LEDGER, run=run.pk)
    except IntegrityError:
        open_run = CheckRun.objects.filter(finished_at__isnull=True).first()
        # It may have ended since: then request a new one.
        return open_run or request_run(context)
    return run


def request_if_due(every: timedelta | None = None) -> None:
    """Request a run when the last request is older than `every`, or than CHECKS_EVERY_S."""
    every = every or timedelta(seconds=settings.CHECKS_EVERY_S)
    latest = CheckRun.objects.first()
    if latest is None or (latest.finished_at and latest.asked_at <= timezone.now() - every):
        request_run(SYSTEM)


def request_unless_known() -> None:
    """A page found the books wrong: request a run now, unless the last run already says so."""
    finished = CheckRun.objects.filter(finished_at__isnull=False).first()
    if finished is None or not finished.results.exclude(found=0, error="").exists():
        request_if_due(SOON)


def run_next() -> bool:
    """Work on the run that no worker holds, to its end. False when there is none."""
    run = claim()
    if run is None:
        return False
    done = set(run.results.values_list("check_name", flat=True))
    for check in verify.CHECKS:
        if check.name in done:
            continue
        result = result_of(check)
        if result.found:
            # No money leaves while the books are wrong.
            payouts.pause(SYSTEM.because(f"Check failed: {check.title}"))
        if not keep(run, result):
            return True
    with transaction.atomic():
        held = CheckRun.objects.filter(pk=run.pk, lease=run.lease)
        held.update(finished_at=timezone.now(), leased_until=None)
    return True


@transaction.atomic
def claim() -> CheckRun | None:
    """Take the open run, unless another worker's lease on it still runs."""
    now = timezone.now()
    skip_locked = connection.features.has_select_for_update_skip_locked
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    runs = CheckRun.objects.select_for_update(skip_locked=skip_locked)
    run = runs.filter(free, finished_at__isnull=True).first()
    if run is None:
        return None
    run.lease, run.leased_until = uuid4(), now + LEASE
    run.started_at = run.started_at or now
    run.save(update_fields=["lease", "leased_until", "started_at"])
    return run


def result_of(check: verify.Check) -> CheckResult:
    """Run one check. A check that fails to run is not right either, and says so."""
    began = time.perf_counter()
    result = CheckResult(check_name=check.name, found=0)
    try:
        violations = list(check.violations())
    except Exception as error:
        # Whatever stopped it, the other checks still have their say, and people hear of it.
        logger.exception("check did not run", extra={"check": check.name})
        result.error = f"{type(error).__name__}: {error}"[:500]
    else:
        result.found = len(violations)
        result.findings = findings(violations[:FINDINGS_AT_MOST])
    result.finished_at = timezone.now()
    result.duration_ms = round((time.perf_counter() - began) * 1000)
    return result


def findings(violations: list[verify.Violation]) -> list[dict[str, Any]]:
    """What is kept of each, with the reference of its transaction, which is how people name it."""
    ids = {one.record for one in violations if one.record}
    references = dict(Transaction.objects.filter(pk__in=ids).values_list("pk", "reference"))
    kept = []
    for one in violations:
        reference = references.get(one.record) if one.record else None
        is_named = not reference or reference in one.message
        row = one.row if is_named else f"{one.row}, {reference}"
        kept.append({"row": row, "message": one.message, "reference": reference})
    return kept


@transaction.atomic
def keep(run: CheckRun, result: CheckResult) -> bool:
    """Write a result, and open an incident when it is bad. False when the lease is lost."""
    held = CheckRun.objects.filter(pk=run.pk, lease=run.lease)
    if not held.update(leased_until=timezone.now() + LEASE):
        return False
    result.run = run
    result.save()
    if not result.is_right:
        check = next(one for one in verify.CHECKS if one.name == result.check_name)
        rows = "\n".join(f"{one['row']}: {one['message']}" for one in result.findings)
        open_for_check(
            check.name,
            title=f"Check failed: {check.title}",
            description=(result.error or rows)[:2000],
            references={one["reference"] for one in result.findings if one["reference"]},
        )
    return True
