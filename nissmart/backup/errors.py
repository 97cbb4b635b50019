"""Why there is no backup, or no restore, in a sentence."""

from __future__ import annotations


class BackupError(Exception):
    """Nothing was written, or nothing was restored."""


class NotVerified(Exception):
    """The backup is written, but wasn't checked, or its books don't balance."""
