"""Call counts for rate limits."""

from __future__ import annotations

from django.db import models


class RateWindow(models.Model):
    """How many calls one caller made in a window, which ends with `minute`. Later it is deleted."""

    key = models.CharField(max_length=80)
    minute = models.BigIntegerField()
    count = models.IntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "minute"], name="rate_window_once_per_minute"),
        ]
