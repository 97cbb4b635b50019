"""People whom a member saved, to find them again in Send."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ledger.models.transactions import Transaction
from wallet.models import Account


class Favourite(models.Model):
    """A person whom a member saved from a payment to them.

    The payment names the person, so that no contact of theirs is kept here.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="favourites",
        verbose_name=_("saved by"),
        db_index=False,
    )
    payee = models.ForeignKey(
        Account, models.PROTECT, related_name="+", verbose_name=_("person"), db_index=False
    )
    payment = models.ForeignKey(
        Transaction, models.PROTECT, related_name="+", verbose_name=_("payment"), db_index=False
    )
    created_at = models.DateTimeField(_("saved"))

    class Meta:
        verbose_name = _("favourite")
        verbose_name_plural = _("favourites")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "payee"], name="favourite_once_per_person"),
        ]
