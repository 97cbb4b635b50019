"""Reports: a member says that something is wrong with the other person of a transfer."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ledger.models.transactions import Transaction
from wallet.public_ids import ALPHABET
from wallet.text import refuse_control_characters

TEXT_LENGTH = 500


def new_report_reference() -> str:
    """`RP-7K2Q9PXM`: what the member and staff call it."""
    return "RP-" + "".join(secrets.choice(ALPHABET) for _character in range(8))


class Report(models.Model):
    """One member's report of a transfer that they sent or received. Append-only.

    The worker opens an incident for it (`adminpanel/incidents/reports.py`), which has the same
    reference. `ledger/reporting.py` writes the rows.
    """

    class Reason(models.TextChoices):
        PRETENDS = "pretends", _("Pretends to be a company, or someone I know")
        TRICKED = "tricked", _("Tricked me into paying")
        UNASKED = "unasked", _("Sent money that I don't expect")
        THREATENS = "threatens", _("Insults or threatens me")
        OTHER = "other", _("Something else")

    reference = models.CharField(
        _("reference"), max_length=16, unique=True, default=new_report_reference, editable=False
    )
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="reports",
        verbose_name=_("reported by"),
        db_index=False,
    )
    transaction = models.ForeignKey(
        Transaction, models.PROTECT, related_name="reports", verbose_name=_("transaction")
    )
    reason = models.CharField(_("reason"), max_length=10, choices=Reason)
    text = models.CharField(
        _("what happened"),
        max_length=TEXT_LENGTH,
        blank=True,
        validators=[refuse_control_characters],
    )
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["reporter", "transaction"], name="report_once_per_member"
            ),
            models.CheckConstraint(
                condition=Q(reason__in=["pretends", "tricked", "unasked", "threatens", "other"]),
                name="report_reason_known",
            ),
        ]

    def __str__(self) -> str:
        return self.reference
