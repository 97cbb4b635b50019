"""Arrivals: the money that came in over rails, by its receipts. The books take each in once."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ledger.models.attempts import Attempt
from ledger.models.rail_events import RailEvent
from ledger.models.transactions import Transaction
from wallet.money import CEILING_CENTS

RECEIPT_LENGTH = 64
NUMBER_LENGTH = 64


class ArrivalQuerySet(models.QuerySet["Arrival"]):
    def waiting(self) -> ArrivalQuerySet:
        """Those that their rail hasn't confirmed, so they are in no account yet."""
        return self.filter(transaction__isnull=True)

    def due(self, now: datetime) -> ArrivalQuerySet:
        """Those that a worker has to ask about, the longest due first."""
        return self.filter(next_look_at__lte=now).order_by("next_look_at", "pk")


class Arrival(models.Model):
    """Money that came in, or that a message claims to have come in, under one receipt.

    `transaction` is where it went: a deposit or suspense; null until its rail has confirmed it.
    Written once. The same receipt may come by several messages, so this row decides which one
    counts. `account_number` is what the payer typed, and `payer` a short name. `attempt` is the
    deposit that it claims to pay, if a message named one. `event` is the first message.
    """

    rail = models.CharField(_("rail"), max_length=16)
    receipt = models.CharField(_("receipt"), max_length=RECEIPT_LENGTH)
    amount_cents = models.BigIntegerField(_("amount"))
    account_number = models.CharField(_("account number"), max_length=NUMBER_LENGTH, blank=True)
    payer = models.CharField(_("payer"), max_length=80, blank=True)
    paid_at = models.DateTimeField(_("paid"), null=True)
    at = models.DateTimeField(_("heard of"), auto_now_add=True)
    event = models.ForeignKey(
        RailEvent,
        models.PROTECT,
        null=True,
        related_name="arrivals",
        verbose_name=_("first message"),
    )
    attempt = models.ForeignKey(
        Attempt, models.PROTECT, null=True, related_name="+", verbose_name=_("attempt")
    )
    transaction = models.OneToOneField(
        Transaction,
        models.PROTECT,
        null=True,
        related_name="arrival",
        verbose_name=_("transaction"),
    )
    # When its rail confirmed it, of those that wait for that.
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    next_look_at = models.DateTimeField(_("next look"), null=True)
    looks = models.PositiveIntegerField(_("looks"), default=0)

    objects = ArrivalQuerySet.as_manager()

    class Meta:
        verbose_name = _("arrival")
        verbose_name_plural = _("arrivals")
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["next_look_at", "id"],
                condition=Q(next_look_at__isnull=False),
                name="arrival_due",
            ),
            models.Index(
                fields=["-id"], condition=Q(transaction__isnull=True), name="arrival_waiting"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["rail", "receipt"], name="arrival_once_per_receipt"),
            models.CheckConstraint(condition=~Q(receipt=""), name="arrival_has_a_receipt"),
            models.CheckConstraint(
                condition=Q(amount_cents__gt=0, amount_cents__lte=CEILING_CENTS),
                name="arrival_amount_above_zero",
            ),
            models.CheckConstraint(
                condition=Q(transaction__isnull=True) | Q(next_look_at__isnull=True),
                name="arrival_booked_is_not_due",
            ),
        ]

    def __str__(self) -> str:
        return self.receipt
