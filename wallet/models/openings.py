"""Idempotency keys of API calls that opened a member."""

from __future__ import annotations

from django.db import models

from wallet.models.people import User


class Opening(models.Model):
    """The idempotency key that opened a member, so that a retry finds the member.

    `digest` is a hash of the request: the member may change their name and contacts later.
    """

    actor = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    user = models.OneToOneField(User, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["actor", "key"], name="opening_once_per_key"),
        ]
