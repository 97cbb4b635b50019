"""How far the worker has come in alerting members (`ledger/alerts.py`)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class AlertMark(models.Model):
    """The single row with the last entry whose member was alerted. Alerting locks it."""

    through_id = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="alert_mark_is_one_row")]
