"""Who wants reports by mail."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ReportMail(models.Model):
    """A person of staff gets one report by mail.

    `through` is the last day, or the first day of the last month, that they had mail about. The
    row's lock decides which worker writes the next one, so there is one about each of them.
    """

    class Every(models.TextChoices):
        DAY = "day", _("Every day")
        MONTH = "month", _("Every month")

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    every = models.CharField(max_length=5, choices=Every)
    through = models.DateField()

    class Meta:
        indexes = [models.Index(fields=["every", "through"], name="report_mail_due")]
        constraints = [
            models.UniqueConstraint(fields=["person", "every"], name="report_mail_once"),
            models.CheckConstraint(
                condition=Q(every__in=["day", "month"]), name="report_mail_known"
            ),
        ]
