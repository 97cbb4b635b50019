"""Recent guesses at a password or a code."""

from __future__ import annotations

from django.db import models


class GuessCount(models.Model):
    """The recent guesses of one account, or of one known browser of it: `wallet/signin/guesses.py`.

    `guesses` is a list of [id, time, is_wrong], oldest first, times in Unix seconds.
    """

    key = models.CharField(max_length=80, unique=True)
    guesses = models.JSONField(default=list)
    changed_at = models.DateTimeField(auto_now=True, db_index=True)
