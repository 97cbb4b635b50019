"""Closed periods: what two people signed, chained by hashes, and where the open books begin.

Only `ledger.closing` writes rows. The database refuses to change or delete a close, and to date an
entry or a transaction before `Books.open_from` (`ledger/closing_guards.py`).
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class BooksQuerySet(models.QuerySet["Books"]):
    def open_from(self) -> datetime | None:
        """The first moment of the open books. None if nothing was ever closed."""
        return self.values_list("open_from", flat=True).first()

    def not_closed(self, at: datetime) -> datetime:
        """This time, or the first open moment if its day is closed."""
        first = self.open_from()
        return max(at, first) if first else at


class Books(models.Model):
    """The single row that says where the open books begin. No row: nothing was ever closed.

    `open_from` is midnight in Nairobi. It moves forward before a day is closed, and back when the
    newest close is reopened.
    """

    open_from = models.DateTimeField(_("open from"))

    objects: ClassVar[BooksQuerySet] = BooksQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="books_is_one_row")]


class CloseQuerySet(models.QuerySet["Close"]):
    def live(self) -> CloseQuerySet:
        """Closes that are in force: no reopening names them."""
        return self.exclude(act=Close.Act.REOPEN).filter(reopened_by__isnull=True)

    def days(self) -> CloseQuerySet:
        return self.filter(act=Close.Act.DAY)

    def newest(self) -> Close | None:
        """The last link of the chain, of any act."""
        return self.order_by("-number").first()


class Close(models.Model):
    """One link of the chain: a day or a month that was closed, or a reopening. Never changed.

    The first day that is closed covers everything before it. `ends_at` is the first moment after
    the period. `content` holds the trial balance and the hashes of each section by day
    (`ledger/closing/`), and `hash` covers the whole row and the hash before it. A close of a day
    also covers the audit events from `audit_after` (left out) to `audit_through`.
    """

    class Act(models.TextChoices):
        DAY = "day", _("Day closed")
        MONTH = "month", _("Month closed")
        REOPEN = "reopen", _("Reopened")

    number = models.IntegerField(_("number"), unique=True)
    previous = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="following", verbose_name=_("previous")
    )
    act = models.CharField(_("what"), max_length=6, choices=Act)
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    reopens = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="reopened_by", verbose_name=_("reopens")
    )
    transactions = models.BigIntegerField(_("transactions"), default=0)
    entries = models.BigIntegerField(_("entries"), default=0)
    audit_after = models.BigIntegerField(default=0)
    audit_through = models.BigIntegerField(default=0)
    content = models.JSONField(default=dict)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("signed by")
    )
    # Names at that time, as in the audit.
    signed_by_name = models.CharField(max_length=80)
    signed_at = models.DateTimeField(_("signed"))
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("approved by")
    )
    approved_by_name = models.CharField(max_length=80)
    approved_at = models.DateTimeField(_("approved"))
    at = models.DateTimeField(_("at"))
    hash = models.CharField(_("hash"), max_length=64, unique=True)

    objects: ClassVar[CloseQuerySet] = CloseQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("close")
        verbose_name_plural = _("closes")
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(
                condition=Q(number=1, previous__isnull=True)
                | Q(number__gt=1, previous__isnull=False),
                name="close_follows_another",
            ),
            models.CheckConstraint(
                condition=Q(act="reopen", reopens__isnull=False) & ~Q(reason="")
                | Q(act__in=["day", "month"], reopens__isnull=True),
                name="close_reopens_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(first_day__lte=F("last_day"), starts_at__lt=F("ends_at")),
                name="close_period_in_order",
            ),
            models.CheckConstraint(
                condition=~Q(signed_by=F("approved_by")), name="close_by_two_people"
            ),
        ]

    def __str__(self) -> str:
        return self.period

    @property
    def is_of_month(self) -> bool:
        """The period of a reopening is the one that it reopens."""
        return (self.reopens or self).act == self.Act.MONTH

    @property
    def period(self) -> str:
        """`2026-11-27`, or `2026-11` for a month."""
        return f"{self.last_day:%Y-%m}" if self.is_of_month else f"{self.last_day:%Y-%m-%d}"

    @property
    def short_hash(self) -> str:
        return f"{self.hash[:4]}…{self.hash[-4:]}"
