"""Statuses and their badges. A badge always has a word and an icon, never colour alone."""

from typing import NamedTuple

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Status(TextChoices):
    """The status of a transaction. Its only change is from PENDING to one of the others."""

    PENDING = "PENDING", _("Processing")
    SUCCESS = "SUCCESS", _("Complete")
    FAILED = "FAILED", _("Did not go through")


class Badge(NamedTuple):
    word: str | Promise
    tone: str
    icon: str


BADGES = {
    Status.PENDING: Badge(Status.PENDING.label, "wait", "clock"),
    Status.SUCCESS: Badge(Status.SUCCESS.label, "good", "check"),
    Status.FAILED: Badge(Status.FAILED.label, "bad", "cross"),
}
# Shown beside the status, which stays SUCCESS: the money moved, then a reversal took it back.
REVERSED = Badge(_("Reversed"), "calm", "return")
PARTLY_REVERSED = Badge(_("Partly reversed"), "wait", "return")
