"""Proposals to reverse a transaction, or a part of it, and to end a claim."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from adminpanel.models.proposals import Proposal, State, life_constraints
from ledger.models import Claim, Transaction
from ledger.status import Badge
from wallet.money import CEILING_CENTS


class ReversalProposal(Proposal):
    """A proposal to reverse a transaction, or `amount_cents` of it.

    `may_claim`: if the wallet holds too little, later deposits pay the rest. `posted` is the
    reversal that came of it; null if the whole amount became a `Claim`.
    """

    BADGES = {**Proposal.BADGES, State.POSTED: Badge(_("Reversed"), "good", "check")}

    transaction = models.ForeignKey(
        Transaction, models.PROTECT, related_name="proposals", verbose_name=_("transaction")
    )

    amount_cents = models.BigIntegerField(_("amount"))
    may_claim = models.BooleanField(_("claim the rest"), default=False, db_default=False)
    posted = models.OneToOneField(
        Transaction,
        models.PROTECT,
        null=True,
        related_name="reversal_proposal",
        verbose_name=_("reversal"),
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_cents__gt=0, amount_cents__lte=CEILING_CENTS),
                name="proposal_amount_above_zero",
            ),
            models.UniqueConstraint(
                fields=["transaction"],
                condition=Q(state__in=["PROPOSED", "APPROVED"]),
                name="proposal_one_open_per_transaction",
            ),
            *life_constraints("proposal"),
        ]

    @property
    def is_whole(self) -> bool:
        """It takes back the whole transaction with one reversal."""
        return self.amount_cents == self.transaction.amount_cents

    @property
    def puts_into_suspense(self) -> bool:
        """A reversed deposit's money goes into suspense. Until 2026-11-28 it went to the float."""
        return self.transaction.from_account_id is None and not (self.posted and self.posted.rail)


class ClaimEnding(Proposal):
    """A proposal to take nothing more for a claim. Its reason is for colleagues."""

    BADGES = {**Proposal.BADGES, State.POSTED: Badge(_("Ended"), "good", "check")}

    claim = models.ForeignKey(
        Claim, models.PROTECT, related_name="endings", verbose_name=_("claim")
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["claim"],
                condition=Q(state__in=["PROPOSED", "APPROVED"]),
                name="ending_one_open_per_claim",
            ),
            *life_constraints("ending"),
        ]
