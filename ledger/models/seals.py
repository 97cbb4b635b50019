"""Seals: what the books of open days were, every few minutes."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Seal(models.Model):
    """One link of the chain of seals: hashes of all rows that were written since the one before.

    `content` has the ids it goes through, the number of rows and the hash of each section, the
    transactions that were still open, and the hash of the newest close (`ledger/closing/seals.py`).
    `hash` covers the whole row and the hash before it.
    """

    number = models.BigIntegerField(_("number"), unique=True)
    previous = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="following", verbose_name=_("previous")
    )
    at = models.DateTimeField(_("at"))
    content = models.JSONField(default=dict)
    hash = models.CharField(_("hash"), max_length=64, unique=True)

    class Meta:
        verbose_name = _("seal")
        verbose_name_plural = _("seals")
        ordering = ["-number"]

    def __str__(self) -> str:
        return str(self.number)
