"""Proposals to correct the books: adjust two accounts, or resolve an item in suspense."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from adminpanel.models.proposals import Proposal, life_constraints
from ledger.models import Transaction
from wallet import house
from wallet.models import Account
from wallet.money import CEILING_CENTS


class Act(models.TextChoices):
    """What is proposed, as the ledger's operations are named."""

    ADJUST = "adjust", _("Adjustment")
    ASSIGN = "assign", _("Assignment")
    RETURN = "return", _("Return to payer")


class Correction(Proposal):
    """A proposal to correct the books, with evidence.

    ADJUST moves `amount_cents` from `source` to `target`, and settles `item` if it names one.
    ASSIGN gives the whole of `item`, in suspense, to `target`. RETURN pays it out over `rail` to
    `phone` (E.164). `posted` is the transaction that came of it.
    """

    Act = Act

    act = models.CharField(_("what"), max_length=10, choices=Act)
    item = models.ForeignKey(
        Transaction,
        models.PROTECT,
        null=True,
        related_name="corrections",
        verbose_name=_("item in suspense"),
    )
    source = models.ForeignKey(
        Account, models.PROTECT, null=True, related_name="+", verbose_name=_("from")
    )
    target = models.ForeignKey(
        Account, models.PROTECT, null=True, related_name="+", verbose_name=_("to")
    )
    amount_cents = models.BigIntegerField(_("amount"))
    rail = models.CharField(_("rail"), max_length=16, blank=True)
    phone = models.CharField(_("phone"), max_length=16, blank=True)
    # The deduplication id of the form, as on notes.
    request = models.UUIDField(null=True, unique=True, editable=False)
    evidence = models.CharField(_("evidence"), max_length=1000)
    posted = models.OneToOneField(
        Transaction,
        models.PROTECT,
        null=True,
        related_name="correction",
        verbose_name=_("transaction"),
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            *life_constraints("correction"),
            models.UniqueConstraint(
                fields=["item"],
                condition=Q(state__in=["PROPOSED", "APPROVED"]),
                name="correction_one_open_per_item",
            ),
            models.CheckConstraint(
                condition=Q(amount_cents__gt=0, amount_cents__lte=CEILING_CENTS)
                & ~Q(reason="")
                & ~Q(evidence=""),
                name="correction_has_amount_reason_and_evidence",
            ),
            models.CheckConstraint(
                condition=Q(act="adjust", source__isnull=False, target__isnull=False, rail="")
                | Q(act="assign", item__isnull=False, source__isnull=True, target__gt=0, rail="")
                & Q(target__isnull=False)
                | Q(act="return", item__isnull=False, source__isnull=True, target__isnull=True)
                & Q(rail__gt=""),
                name="correction_columns_of_its_act",
            ),
            models.CheckConstraint(
                condition=Q(state="POSTED", posted__isnull=False)
                | ~Q(state="POSTED") & Q(posted__isnull=True),
                name="correction_posted_names_its_transaction",
            ),
        ]

    @property
    def source_name(self) -> str:
        return str(self.source or house.SUSPENSE.label)

    @property
    def target_name(self) -> str:
        """The account; of a return, the payer."""
        return str(self.target or _("its payer"))
