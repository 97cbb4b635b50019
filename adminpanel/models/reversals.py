"""Proposals to reverse a transaction."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from adminpanel.models.proposals import Proposal, State, life_constraints
from ledger.models import Transaction
from ledger.status import Badge


class ReversalProposal(Proposal):
    """A proposal to reverse a transaction."""

    BADGES = {**Proposal.BADGES, State.POSTED: Badge(_("Reversed"), "good", "check")}

    transaction = models.ForeignKey(
        Transaction, models.PROTECT, related_name="proposals", verbose_name=_("transaction")
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["transaction"],
                condition=Q(state__in=["PROPOSED", "APPROVED"]),
                name="proposal_one_open_per_transaction",
            ),
            *life_constraints("proposal"),
        ]

    @property
    def puts_into_suspense(self) -> bool:
        """A reversed deposit's money goes into suspense. Until 2026-11-28 it went to the float."""
        posted = getattr(self.transaction, "reversed_by", None)
        return self.transaction.from_account_id is None and not (posted and posted.rail)
