"""Proposals to unfreeze a member's wallet."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from adminpanel.models.proposals import Proposal, State, life_constraints
from ledger.status import Badge
from wallet.models import Account


class Unfreezing(Proposal):
    """A proposal to unfreeze a wallet. It's done in the commit that approves it."""

    BADGES = {**Proposal.BADGES, State.POSTED: Badge(_("Unfrozen"), "good", "check")}

    account = models.ForeignKey(
        Account, models.PROTECT, related_name="unfreezings", verbose_name=_("account")
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(state="PROPOSED"),
                name="unfreezing_one_open_per_account",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["PROPOSED", "POSTED", "DENIED", "WITHDRAWN"]),
                name="unfreezing_done_when_approved",
            ),
            *life_constraints("unfreezing"),
        ]
