"""Claims on later deposits, and what each deposit paid of them."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Sum
from django.utils.translation import gettext_lazy as _

from ledger.models.transactions import Transaction
from ledger.status import Badge
from wallet.models import Account, Message


class ClaimQuerySet(models.QuerySet["Claim"]):
    def open(self) -> Self:
        return self.filter(state=Claim.State.OPEN)

    def left_cents(self, account: Account) -> int:
        """What this wallet's deposits still have to pay of these claims."""
        left = Sum(F("amount_cents") - F("taken_cents"), default=0)
        return int(self.filter(account=account).aggregate(cents=left)["cents"])


class Claim(models.Model):
    """What a reversal couldn't take back, to be paid by the wallet's later deposits.

    It exists only once two people have agreed and its member has a message, the `notice`. It
    counts deposits after the entry `after_id`. `taken_cents` is the sum of its `takings`.
    """

    class State(models.TextChoices):
        OPEN = "OPEN", _("Open")
        PAID = "PAID", _("Paid")
        ENDED = "ENDED", _("Ended")

    BADGES = {
        State.OPEN: Badge(State.OPEN.label, "wait", "clock"),
        State.PAID: Badge(State.PAID.label, "good", "check"),
        State.ENDED: Badge(State.ENDED.label, "calm", "cross"),
    }

    original = models.ForeignKey(
        Transaction, models.PROTECT, related_name="claims", verbose_name=_("transaction")
    )
    account = models.ForeignKey(
        Account, models.PROTECT, related_name="claims", verbose_name=_("wallet")
    )
    amount_cents = models.BigIntegerField(_("amount"))
    taken_cents = models.BigIntegerField(_("taken so far"), default=0)
    state = models.CharField(_("state"), max_length=5, choices=State, default=State.OPEN)
    reason = models.CharField(_("reason"), max_length=500)
    # The deduplication key of the reversal that left it.
    key = models.CharField(max_length=255, unique=True, editable=False)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("proposed by")
    )
    proposed_by_name = models.CharField(max_length=80)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("approved by")
    )
    approved_by_name = models.CharField(max_length=80)
    notice = models.OneToOneField(
        Message, models.PROTECT, related_name="+", verbose_name=_("message to the member")
    )
    opened_at = models.DateTimeField(_("opened"))
    after_id = models.BigIntegerField()
    over_at = models.DateTimeField(_("paid or ended"), null=True)
    end_key = models.CharField(max_length=255, blank=True, editable=False)
    end_proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    end_approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects = ClaimQuerySet.as_manager()

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["original"], condition=Q(state="OPEN"), name="claim_one_open"
            ),
            models.CheckConstraint(
                condition=~Q(proposed_by=F("approved_by")), name="claim_by_two_people"
            ),
            models.CheckConstraint(
                condition=Q(amount_cents__gt=0)
                & Q(taken_cents__gte=0)
                & Q(taken_cents__lte=F("amount_cents")),
                name="claim_takes_at_most_its_amount",
            ),
            models.CheckConstraint(
                condition=Q(
                    state="OPEN",
                    taken_cents__lt=F("amount_cents"),
                    over_at__isnull=True,
                    end_approved_by__isnull=True,
                    end_proposed_by__isnull=True,
                )
                | Q(
                    state="PAID",
                    taken_cents=F("amount_cents"),
                    over_at__isnull=False,
                    end_approved_by__isnull=True,
                    end_proposed_by__isnull=True,
                )
                | Q(
                    state="ENDED",
                    taken_cents__lt=F("amount_cents"),
                    over_at__isnull=False,
                    end_approved_by__isnull=False,
                    end_proposed_by__isnull=False,
                )
                & ~Q(end_approved_by=F("end_proposed_by")),
                name="claim_ends_paid_or_by_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.original} {self.state}"

    @property
    def left_cents(self) -> int:
        return self.amount_cents - self.taken_cents

    @property
    def badge(self) -> Badge:
        return self.BADGES[self.State(self.state)]


class ClaimTakingQuerySet(models.QuerySet["ClaimTaking"]):
    def of(self, made: Transaction) -> ClaimTaking | None:
        """The taking that made this partial reversal, if a claim did."""
        return self.filter(made=made).select_related("claim__original", "cause").first()


class ClaimTaking(models.Model):
    """What one deposit, the `cause`, paid of a claim: the partial reversal `made`, or nothing."""

    claim = models.ForeignKey(Claim, models.PROTECT, related_name="takings")
    cause = models.ForeignKey(
        Transaction, models.PROTECT, related_name="paid_claims", verbose_name=_("deposit")
    )
    made = models.OneToOneField(
        Transaction, models.PROTECT, null=True, related_name="claim_taking", verbose_name=_("taken")
    )
    cents = models.BigIntegerField(_("taken"))
    at = models.DateTimeField(_("at"))

    objects = ClaimTakingQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment of a claim")
        verbose_name_plural = _("payments of claims")
        constraints = [
            models.UniqueConstraint(fields=["claim", "cause"], name="claim_taking_once"),
            models.CheckConstraint(
                condition=Q(cents=0, made__isnull=True) | Q(cents__gt=0, made__isnull=False),
                name="claim_taking_made_if_any",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.claim_id}: {self.cents}"
