"""Codes of authenticator apps that were used."""

from __future__ import annotations

from django.db import models

from wallet.models.people import User


class UsedStep(models.Model):
    """The time step of a code that a person has used, so that it works once (RFC 6238, 5.2).

    The unique key decides between requests that enter the same code at the same moment. Rows of
    steps that are too old for their codes to work are deleted.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    step = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "step"], name="used_step_once_per_user"),
        ]
