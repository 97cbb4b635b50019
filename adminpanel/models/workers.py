"""What the background workers last did."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class WorkerJob(models.Model):
    """One job of one worker process: when it last ran, and how that ended.

    A worker writes all its rows together every few seconds (`adminpanel/integrity/heartbeats.py`).
    `worker` is its host and process id. Rows of workers that are gone are deleted.
    """

    job = models.CharField(_("job"), max_length=60)
    worker = models.CharField(_("worker"), max_length=100)
    # When this process started, and when it was last alive.
    since = models.DateTimeField(_("since"))
    seen_at = models.DateTimeField(_("seen"))
    started_at = models.DateTimeField(_("started"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    ok_at = models.DateTimeField(_("last ended well"), null=True)
    duration_ms = models.IntegerField(_("took"), default=0)
    # Failures since it last ended well, and the name of the last one's exception.
    failures = models.IntegerField(_("failures in a row"), default=0)
    error = models.CharField(_("error"), max_length=60, blank=True)

    class Meta:
        ordering = ["job", "-ended_at"]
        constraints = [
            models.UniqueConstraint(fields=["job", "worker"], name="worker_job_once"),
        ]

    @property
    def is_running(self) -> bool:
        """Had it started, and not ended, when its worker was last seen?"""
        started, ended = self.started_at, self.ended_at
        return started is not None and (ended is None or ended < started)
