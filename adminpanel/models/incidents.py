"""Incidents: problems and their owners."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.models import RailEvent, Report, Transaction
from ledger.status import Badge


class Incident(models.Model):
    """A problem that its owner works on until it is resolved.

    When a failed check opens it, `check_name` is set and `opened_by` is null. Its history is in
    the audit, with the subject `incident <id>`.
    """

    class Severity(models.TextChoices):
        HIGH = "HIGH", _("High")
        MEDIUM = "MEDIUM", _("Medium")
        LOW = "LOW", _("Low")

    class State(models.TextChoices):
        OPEN = "OPEN", _("Open")
        IN_REVIEW = "IN_REVIEW", _("In review")
        RESOLVED = "RESOLVED", _("Resolved")

    BADGES = {
        State.OPEN: Badge(State.OPEN.label, "bad", "alert"),
        State.IN_REVIEW: Badge(State.IN_REVIEW.label, "wait", "clock"),
        State.RESOLVED: Badge(State.RESOLVED.label, "good", "check"),
    }
    SEVERITY_BADGES = {
        Severity.HIGH: Badge(Severity.HIGH.label, "bad", "alert"),
        Severity.MEDIUM: Badge(Severity.MEDIUM.label, "wait", "flag"),
        Severity.LOW: Badge(Severity.LOW.label, "calm", "flag"),
    }

    title = models.CharField(_("title"), max_length=120)
    description = models.CharField(_("what happened"), max_length=2000, blank=True)
    severity = models.CharField(
        _("severity"), max_length=6, choices=Severity, default=Severity.MEDIUM
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("owner"),
    )
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("opened by"),
    )
    opened_at = models.DateTimeField(_("opened"), auto_now_add=True)
    # The deduplication id of the form that opened it (`wallet/context.py`).
    request = models.UUIDField(null=True, unique=True, editable=False)
    check_name = models.CharField(_("check"), max_length=40, blank=True)
    # The other checks that failed in the same run, and that run.
    other_checks = models.JSONField(_("other checks"), default=list, blank=True)
    run = models.ForeignKey(
        "adminpanel.CheckRun",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("run of the checks"),
    )
    transactions = models.ManyToManyField(
        Transaction, related_name="incidents", verbose_name=_("transactions")
    )
    # The findings about a rail that it is about (`adminpanel/incidents/findings.py`).
    rail_events = models.ManyToManyField(
        RailEvent, related_name="incidents", verbose_name=_("rail events")
    )
    # What members reported (`adminpanel/incidents/reports.py`).
    reports = models.ManyToManyField(Report, related_name="incidents", verbose_name=_("reports"))
    resolution = models.CharField(_("resolution"), max_length=2000, blank=True)
    resolved_at = models.DateTimeField(_("resolved"), null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["check_name"],
                condition=~Q(check_name="") & ~Q(state="RESOLVED"),
                name="incident_one_open_per_check",
            ),
            models.CheckConstraint(
                condition=Q(state="RESOLVED", resolved_at__isnull=False) & ~Q(resolution="")
                | ~Q(state="RESOLVED") & Q(resolved_at__isnull=True, resolution=""),
                name="incident_resolved_with_a_resolution",
            ),
        ]

    @property
    def badge(self) -> Badge:
        return self.BADGES[self.State(self.state)]

    @property
    def severity_badge(self) -> Badge:
        return self.SEVERITY_BADGES[self.Severity(self.severity)]

    @property
    def checks(self) -> list[str]:
        """The checks that failed, the first one first."""
        return [self.check_name, *self.other_checks] if self.check_name else []

    @property
    def due_at(self) -> datetime:
        """When it should be resolved, by its severity."""
        hours = {
            self.Severity.HIGH: settings.INCIDENT_DUE_HOURS_HIGH,
            self.Severity.MEDIUM: settings.INCIDENT_DUE_HOURS_MEDIUM,
            self.Severity.LOW: settings.INCIDENT_DUE_HOURS_LOW,
        }
        return self.opened_at + timedelta(hours=hours[self.Severity(self.severity)])

    @property
    def is_late(self) -> bool:
        return self.state != self.State.RESOLVED and self.due_at < timezone.now()
