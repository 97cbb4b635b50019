"""Asks: links with which a member asks others for money. A link moves nothing by itself."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wallet.money import CEILING_CENTS

# How long a link works.
LIFE = timedelta(days=30)


def new_token() -> str:
    return secrets.token_urlsafe(16)


class AskQuerySet(models.QuerySet["Ask"]):
    def open(self, now: datetime | None = None) -> Self:
        """Those whose link works: neither over nor withdrawn."""
        return self.filter(expires_at__gt=now or timezone.now(), withdrawn_at__isnull=True)


class Ask(models.Model):
    """A link that opens Send filled in, for anyone who has it. Many may pay by it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="asks", verbose_name=_("asked by")
    )
    token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    # Null: the payer chooses.
    amount_cents = models.BigIntegerField(_("amount"), null=True)
    note = models.CharField(_("note"), max_length=140, blank=True)
    created_at = models.DateTimeField(_("made"))
    expires_at = models.DateTimeField(_("works until"))
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True)

    objects = AskQuerySet.as_manager()

    class Meta:
        verbose_name = _("ask for money")
        verbose_name_plural = _("asks for money")
        ordering = ["-id"]
        indexes = [models.Index(fields=["expires_at"], name="ask_by_end")]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_cents__isnull=True)
                | Q(amount_cents__gt=0, amount_cents__lte=CEILING_CENTS),
                name="ask_amount_above_zero",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="ask_ends_after_it_began"
            ),
        ]

    def __str__(self) -> str:
        return self.note or str(self.pk)

    @property
    def is_open(self) -> bool:
        return self.withdrawn_at is None and self.expires_at > timezone.now()
