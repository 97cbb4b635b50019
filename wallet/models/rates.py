"""Call counts for rate limits: ours, and those that django-allauth keeps in the cache."""

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
        indexes = [models.Index(fields=["minute"], name="rate_window_by_minute")]


class CacheEntry(models.Model):
    """A row of the cache's table, which `createcachetable` makes. Only `wallet/db/cache.py` writes
    it; this is for the worker, which deletes what has expired."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "cache"
