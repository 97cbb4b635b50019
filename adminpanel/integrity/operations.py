"""Runs of the ledger checks: requested by staff or the scheduler, run by a worker.

A run is a database row, so it survives a crash. The worker holds a lease on the run and saves the
result of each check. When the lease expires, another worker continues, and the first can't save
anything any longer.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Case, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from adminpanel.incidents.checks import close_passed, open_for_check
from adminpanel.models import CheckResult, CheckRun
from ledger import verify
from ledger.models import Transaction
from ledger.payouts import operations as payouts
from wallet.context import SYSTEM, Context
from wallet.db.sweeping import Sweep
from wallet.staff import audit, roles, subjects
from wallet.staff.roles import Right

logger = logging.getLogger(__name__)

# Longer than any one check takes.
LEASE = timedelta(minutes=15)
FINDINGS_AT_MOST = 50
# A page found an imbalance that the checks don't confirm: it may request a run this often.
SOON = timedelta(minutes=1)
# How long a run is kept in which every check passed.
RUN_DAYS = 400


def request_run(context: Context) -> CheckRun:
    """Request a run of all checks. Returns the unfinished run, if there is one.

    Scheduled runs (`SYSTEM`) are not in the audit. Raises NotAllowed outside finance.
    """
    roles.require(context.actor_id, Right.WORK)
    try:
        with transaction.atomic():
            run = CheckRun.objects.create(asked_by_id=context.actor_id)
            if context.actor_id is not None:
                audit.record(context, audit.Action.RUN_CHECKS, subjects.LEDGER, run=run.pk)
    except IntegrityError:
        open_run = CheckRun.objects.filter(finished_at__isnull=True).first()
        # It may have finished in between.
        return open_run or request_run(context)
    return run


def request_if_due(every: timedelta | None = None) -> None:
    """Request a run when the last request is older than `every`, or than CHECKS_EVERY_S."""
    every = every or timedelta(seconds=settings.CHECKS_EVERY_S)
    latest = CheckRun.objects.first()
    if latest is None or (latest.finished_at and latest.asked_at <= timezone.now() - every):
        request_run(SYSTEM)


def request_unless_known() -> None:
    """Request a run because a page found an imbalance, unless the last run already shows one."""
    finished = CheckRun.objects.filter(finished_at__isnull=False).first()
    if finished is None or not finished.results.exclude(found=0, error="").exists():
        request_if_due(SOON)


def run_next() -> bool:
    """Run the checks of a free run. False when there is no free run."""
    # A read first, because a claim takes SQLite's only write lock.
    run = claim() if CheckRun.objects.filter(finished_at__isnull=True).exists() else None
    if run is None:
        return False
    done = set(run.results.values_list("check_name", flat=True))
    for check in verify.CHECKS:
        if check.name in done:
            continue
        result = run_check(check)
        if result.found:
            # No money leaves while the books are wrong.
            payouts.pause(SYSTEM.because(f"Check failed: {check.title}"))
        if not save_result(run, result):
            return True
    with transaction.atomic():
        held = CheckRun.objects.filter(pk=run.pk, lease=run.lease)
        is_ours = held.update(finished_at=timezone.now(), leased_until=None)
    if is_ours:
        close_passed(run)
    return True


@transaction.atomic
def claim() -> CheckRun | None:
    """Lease the unfinished run, unless another worker's lease is still valid."""
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


def run_check(check: verify.Check) -> CheckResult:
    """Run one check. A check that raises is a failed check, with its error."""
    began = time.perf_counter()
    result = CheckResult(check_name=check.name, found=0)
    try:
        violations = list(check.violations(is_brief=True))
    except Exception as error:
        # Any exception: the other checks must still run, and the result shows the error.
        logger.exception("check raised an error", extra={"check": check.name})
        result.error = f"{type(error).__name__}: {error}"[:500]
    else:
        result.found = len(violations)
        result.findings = findings(violations[:FINDINGS_AT_MOST])
    result.finished_at = timezone.now()
    result.duration_ms = round((time.perf_counter() - began) * 1000)
    return result


def findings(violations: list[verify.Violation]) -> list[dict[str, Any]]:
    """Violations as JSON. Staff know a transaction by its reference, so add it."""
    ids = {one.record for one in violations if one.record}
    references = dict(Transaction.objects.filter(pk__in=ids).values_list("pk", "reference"))
    found = []
    for one in violations:
        reference = references.get(one.record) if one.record else None
        is_named = not reference or reference in one.message
        row = one.row if is_named else f"{one.row}, {reference}"
        found.append({"row": row, "message": one.message, "reference": reference})
    return found


@transaction.atomic
def save_result(run: CheckRun, result: CheckResult) -> bool:
    """Save a result, and open an incident when it failed. False when the lease is lost."""
    held = CheckRun.objects.filter(pk=run.pk, lease=run.lease)
    if not held.update(leased_until=timezone.now() + LEASE):
        return False
    result.run = run
    result.save()
    if not result.has_passed:
        check = next(one for one in verify.CHECKS if one.name == result.check_name)
        rows = "\n".join(f"{one['row']}: {one['message']}" for one in result.findings)
        open_for_check(
            check.name,
            title=f"Check failed: {check.title}",
            description=(result.error or rows)[:2000],
            references={one["reference"] for one in result.findings if one["reference"]},
            run_id=run.pk,
        )
    return True


def old_runs() -> QuerySet[CheckRun]:
    """Runs of more than RUN_DAYS ago in which every check passed."""
    past = timezone.now() - timedelta(days=RUN_DAYS)
    failed = CheckResult.objects.filter(run=OuterRef("pk")).exclude(found=0, error="")
    # PostgreSQL asks this for each run, until it has enough. From a NOT EXISTS it would make a join
    # that reads all results first, and without the CASE it expects hardly any run to be whole.
    is_whole = Case(When(failure=None, then=Value(True)), default=Value(False))
    runs = CheckRun.objects.alias(failure=Subquery(failed.order_by().values("pk")[:1]))
    return runs.alias(is_whole=is_whole).filter(is_whole=True, finished_at__lt=past)


SWEEP = Sweep(
    "check-runs",
    old_runs,
    by="finished_at",
    kept=_("400 days, and for good if a check failed"),
    reason=_("What the checks of the books found. A run has a row for each of its checks."),
    written_by=_("The worker, each CHECKS_EVERY_S, and staff"),
    # Their results go with them.
    together=20,
)
