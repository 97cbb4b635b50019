"""Staff notes on transactions."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ledger.models import Transaction


class Note(models.Model):
    """A staff note on a transaction. The database refuses changes (`adminpanel/guards.py`)."""

    transaction = models.ForeignKey(
        Transaction, models.PROTECT, related_name="notes", verbose_name=_("transaction")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=_("author"),
    )
    # The author's name at that time. Empty in rows older than this column.
    author_name = models.CharField(max_length=80, blank=True, db_default="")
    text = models.CharField(_("note"), max_length=1000)
    created_at = models.DateTimeField(_("written"), auto_now_add=True)
    # The deduplication id of the form that wrote it (`wallet/context.py`).
    request = models.UUIDField(null=True, unique=True, editable=False)

    class Meta:
        ordering = ["id"]

    @property
    def signature(self) -> str:
        return self.author_name or self.author.name
