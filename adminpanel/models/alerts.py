"""Alerts to the team, by mail or webhook."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Alert(models.Model):
    """Something that the team should hear of, once until it clears.

    `subject` says what it's about, such as a check or a payout. There is no personal data in it.
    """

    class Kind(models.TextChoices):
        CHECK = "CHECK", _("A check of the books failed")
        UNKNOWN = "UNKNOWN", _("A payout's outcome is unknown")
        APPROVAL = "APPROVAL", _("Something waits for approval")
        FLOAT = "FLOAT", _("The float is low")
        WORKER = "WORKER", _("A job of the worker is late or fails")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    subject = models.CharField(_("about"), max_length=80)
    text = models.CharField(_("text"), max_length=300)
    raised_at = models.DateTimeField(_("raised"), auto_now_add=True)
    cleared_at = models.DateTimeField(_("cleared"), null=True)
    mailed_at = models.DateTimeField(_("mailed"), null=True)
    posted_at = models.DateTimeField(_("posted to the webhook"), null=True)
    tries = models.IntegerField(_("attempts"), default=0)
    # Empty when it was sent, has cleared or was tried too often.
    next_try_at = models.DateTimeField(_("next attempt"), null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"],
                condition=Q(cleared_at__isnull=True),
                name="alert_once_until_it_clears",
            ),
            models.CheckConstraint(
                condition=Q(next_try_at__isnull=True) | Q(cleared_at__isnull=True),
                name="alert_not_sent_once_cleared",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["CHECK", "UNKNOWN", "APPROVAL", "FLOAT", "WORKER"]),
                name="alert_kind_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                condition=Q(next_try_at__isnull=False),
                name="alert_due",
            ),
        ]
