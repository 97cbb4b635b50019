"""Saving by itself: from each deposit, or by rounding payments up. The worker does it."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ledger.models.goals import Goal
from ledger.models.transactions import Transaction


class AutoSavingQuerySet(models.QuerySet["AutoSaving"]):
    def on(self) -> Self:
        """Those that save now: not paused, and their goal is open."""
        return self.filter(paused_at__isnull=True, goal__account__closed_at__isnull=True)


class AutoSaving(models.Model):
    """How much a goal gets by itself, and from what.

    It counts what moved after the entry `after_id`, the last one when it was turned on.
    """

    class Kind(models.TextChoices):
        PART = "part", _("Part of money you add")
        ROUND = "round", _("Round up payments")

    goal = models.ForeignKey(Goal, models.PROTECT, related_name="auto_savings")
    kind = models.CharField(_("from what"), max_length=5, choices=Kind)
    # Of each deposit.
    percent = models.SmallIntegerField(_("percent"), null=True)
    # Each payment to someone is rounded up to a multiple of it.
    step_cents = models.BigIntegerField(_("rounded to"), null=True)
    after_id = models.BigIntegerField()
    paused_at = models.DateTimeField(_("paused"), null=True)

    objects = AutoSavingQuerySet.as_manager()

    class Meta:
        verbose_name = _("automatic saving")
        verbose_name_plural = _("automatic savings")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    kind="part",
                    percent__isnull=False,
                    percent__gte=1,
                    percent__lte=100,
                    step_cents__isnull=True,
                )
                | Q(kind="round", percent__isnull=True, step_cents__isnull=False, step_cents__gt=0),
                name="auto_saving_has_one_measure",
            ),
            models.UniqueConstraint(fields=["goal", "kind"], name="auto_saving_once_per_kind"),
        ]

    @property
    def is_on(self) -> bool:
        return self.paused_at is None

    def cents_of(self, moved_cents: int) -> int:
        """What a deposit or a payment of this amount saves: whole cents, rounded down."""
        if self.percent is not None:
            return moved_cents * self.percent // 100
        assert self.step_cents
        return -moved_cents % self.step_cents


class AutoSaved(models.Model):
    """What came of one deposit or payment, once: the transaction that saved, or why none did."""

    class Missed(models.TextChoices):
        NOT_MISSED = "", _("Saved")
        SHORT = "short", _("There wasn't enough in your wallet.")
        FROZEN = "frozen", _("Your wallet is frozen.")
        FULL = "full", _("The goal can't hold more.")
        OTHER = "other", _("Your wallet can't save now.")

    rule = models.ForeignKey(AutoSaving, models.PROTECT, related_name="runs")
    cause = models.ForeignKey(Transaction, models.PROTECT, related_name="+", db_index=False)
    made = models.OneToOneField(
        Transaction, models.PROTECT, null=True, related_name="auto_saved", verbose_name=_("saved")
    )
    wanted_cents = models.BigIntegerField(_("to save"))
    missed = models.CharField(_("missed"), max_length=6, choices=Missed, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("automatic saving done")
        verbose_name_plural = _("automatic savings done")
        constraints = [
            models.UniqueConstraint(fields=["rule", "cause"], name="auto_saved_once_per_cause"),
            models.CheckConstraint(
                condition=Q(made__isnull=False, missed="") | Q(made__isnull=True) & ~Q(missed=""),
                name="auto_saved_or_missed",
            ),
            models.CheckConstraint(condition=Q(wanted_cents__gt=0), name="auto_saved_above_zero"),
        ]


class AutoSavingMark(models.Model):
    """The single row with the last entry that automatic saving has looked at."""

    through_id = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="auto_saving_mark_is_one_row")
        ]
