"""Exports that a worker makes, and the parts of their files."""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ledger.status import Badge


class ExportJob(models.Model):
    """A file that someone asked for, which has too many rows to make while they wait.

    `dataset` names what it holds (`adminpanel/exports/datasets.py`). `sealed_query` has the filters
    as they were typed, which may name a member, so it's encrypted; `filters` are the same with
    contacts masked, for the list. `through_id` is the last row to export. `digest` stands for
    person, dataset and filters, so that a second click asks for nothing more.

    A worker holds `lease` until `leased_until`. The file is kept until `expires_at`, and the row
    for good: it says who took what.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Being made")
        DONE = "done", _("Ready")
        FAILED = "failed", _("Failed")
        EXPIRED = "expired", _("Deleted")

    OPEN = (State.QUEUED, State.RUNNING)

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked by")
    )
    asked_at = models.DateTimeField(_("asked"), auto_now_add=True)
    dataset = models.CharField(_("what"), max_length=20)
    sealed_query = models.TextField(blank=True)
    filters = models.JSONField(_("filters"), default=dict)
    digest = models.CharField(max_length=64)
    through_id = models.BigIntegerField()
    file_name = models.CharField(_("file"), max_length=120)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    # How many rows there may be. A filter's rows are counted up to a limit only, then it's null.
    rows_expected = models.BigIntegerField(null=True)
    rows_done = models.BigIntegerField(_("rows"), default=0)
    size_bytes = models.BigIntegerField(_("size"), default=0)
    sha256 = models.CharField(_("checksum"), max_length=64, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    expires_at = models.DateTimeField(_("kept until"), null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(default=uuid4)
    leased_until = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["id"], condition=Q(state__in=["queued", "running"]), name="export_open"
            ),
            models.Index(fields=["expires_at"], condition=Q(state="done"), name="export_kept"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running"], finished_at__isnull=True)
                | Q(state="failed", finished_at__isnull=False)
                | Q(
                    state__in=["done", "expired"],
                    finished_at__isnull=False,
                    expires_at__isnull=False,
                    sha256__gt="",
                ),
                name="export_state_known",
            ),
            models.UniqueConstraint(
                fields=["digest"],
                condition=Q(state__in=["queued", "running"]),
                name="export_asked_once",
            ),
        ]

    @property
    def badge(self) -> Badge:
        tone, icon = {
            self.State.QUEUED: ("wait", "clock"),
            self.State.RUNNING: ("info", "clock"),
            self.State.DONE: ("good", "check"),
            self.State.FAILED: ("bad", "alert"),
            self.State.EXPIRED: ("calm", "cross"),
        }[self.State(self.state)]
        return Badge(self.State(self.state).label, tone, icon)

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def is_ready(self) -> bool:
        return self.state == self.State.DONE


class ExportPart(models.Model):
    """A part of an export's file, compressed. All parts in the order of `number` are the file."""

    job = models.ForeignKey(ExportJob, models.CASCADE, related_name="parts", db_index=False)
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "number"], name="export_part_once"),
        ]
