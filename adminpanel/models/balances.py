"""Where statements and our books are compared: from when, at the end of each, and once a day."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from adminpanel.models.statements import Statement
from wallet.models import Account


class ReconciledAccount(models.Model):
    """An account with imported statements: since when, and up to when its entries are taken in.

    `before_cents` is the first statement's opening balance minus ours. The worker locks this row
    while it takes movements in.
    """

    account = models.OneToOneField(
        Account, models.PROTECT, primary_key=True, related_name="reconciled"
    )
    since = models.DateTimeField(_("since"))
    taken_through = models.DateTimeField(_("entries taken in until"))
    before_cents = models.BigIntegerField(_("difference before"), default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(account__lt=0), name="reconciled_account_of_the_house"
            ),
        ]


class Cutoff(models.Model):
    """The end of an imported statement, where its balance is compared with ours.

    `gap_cents` is its closing balance minus the sum of all imported lines up to then, and minus the
    first statement's opening balance. Written once its lines are taken in.
    """

    statement = models.OneToOneField(
        Statement, models.PROTECT, primary_key=True, related_name="cutoff"
    )
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(_("end"))
    closing_cents = models.BigIntegerField(_("closing balance"))
    gap_cents = models.BigIntegerField(_("gap"), default=0)

    class Meta:
        indexes = [models.Index(fields=["account", "-at"], name="cutoff_by_time")]


class BalanceCheck(models.Model):
    """What the rail says that we hold there, beside what our books say, on one day.

    `rail_id` is the rail's id of our question. The answer comes by callback, after the rail event
    `after_event`. `drift_cents` is theirs minus ours.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    rail = models.CharField(_("rail"), max_length=16)
    day = models.DateField(_("day"))
    asked_at = models.DateTimeField(_("asked"))
    rail_id = models.CharField(_("the rail's id"), max_length=64, blank=True)
    after_event = models.BigIntegerField(default=0)
    ours_cents = models.BigIntegerField(_("ours"))
    theirs_cents = models.BigIntegerField(_("theirs"), null=True)
    answered_at = models.DateTimeField(_("answered"), null=True)

    class Meta:
        ordering = ["-day", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["account", "day"], name="balance_check_once_a_day"),
            models.CheckConstraint(
                condition=Q(theirs_cents__isnull=True, answered_at__isnull=True)
                | Q(theirs_cents__isnull=False, answered_at__isnull=False),
                name="balance_check_answered_with_a_balance",
            ),
        ]

    @property
    def drift_cents(self) -> int | None:
        return None if self.theirs_cents is None else self.theirs_cents - self.ours_cents
