"""Rows that rails share between processes. They hold no money.

`ledger.models` imports the rails, which makes this a model of the ledger's app.
"""

from __future__ import annotations

from django.db import models


class RailToken(models.Model):
    """The access token of one rail, for all processes: M-PESA's each new one ends the one before.

    `sealed` is the token, encrypted. `version` grows with each new token. While `lease_until`
    lies ahead, one process is fetching the next.
    """

    rail = models.CharField(max_length=16, primary_key=True)
    sealed = models.TextField(blank=True)
    expires_at = models.DateTimeField(null=True)
    version = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
