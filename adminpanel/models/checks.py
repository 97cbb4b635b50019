"""Runs of the ledger checks and their results."""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import ExpressionWrapper, Q
from django.utils.translation import gettext_lazy as _

from ledger import verify


class CheckRun(models.Model):
    """One run of all ledger checks, in the background.

    The worker that runs it holds `lease` until `leased_until`. `asked_by` is null for a scheduled
    run.
    """

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("asked by"),
    )
    asked_at = models.DateTimeField(_("asked"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    lease = models.UUIDField(default=uuid4)
    leased_until = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["finished_at"], name="check_run_by_end")]
        constraints = [
            models.UniqueConstraint(
                ExpressionWrapper(Q(finished_at__isnull=True), models.BooleanField()),
                condition=Q(finished_at__isnull=True),
                name="check_run_one_at_a_time",
            ),
        ]


class CheckResult(models.Model):
    """One check in one run: `found` is the number of wrong rows, `findings` the first of them."""

    run = models.ForeignKey(CheckRun, models.CASCADE, related_name="results")
    check_name = models.CharField(_("check"), max_length=40)
    finished_at = models.DateTimeField(_("finished"))
    duration_ms = models.IntegerField(_("duration"))
    found = models.IntegerField(_("rows that are wrong"))
    findings = models.JSONField(_("findings"), default=list)
    # The exception of a check that couldn't run. `found` is then 0.
    error = models.CharField(_("error"), max_length=500, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["check_name", "-id"], name="check_result_by_check")]
        constraints = [
            models.UniqueConstraint(fields=["run", "check_name"], name="check_result_once_per_run"),
        ]

    @property
    def title(self) -> str:
        """The title of its check, or the stored name if this release no longer has the check."""
        check = verify.by_name(self.check_name)
        return str(check.title) if check else self.check_name

    @property
    def has_passed(self) -> bool:
        return self.found == 0 and not self.error

    @property
    def took(self) -> str:
        """Milliseconds as text."""
        return str(self.duration_ms or "< 1")
