"""Proposals to close a day or a month, or to reopen what was closed last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from adminpanel.models.proposals import Proposal, State, life_constraints
from ledger.closing.periods import Period
from ledger.models import Close
from ledger.status import Badge


class ClosingProposal(Proposal):
    """One person signs a period, another approves it, and then the ledger closes it.

    `last_day` is the day, or the last day of the month. `reopens` is the close that a proposal to
    reopen is about. `posted` is the link of the chain that came of it.
    """

    BADGES: ClassVar[Mapping[Any, Badge]] = {
        **Proposal.BADGES,
        State.POSTED: Badge(_("Done"), "good", "check"),
    }

    act = models.CharField(_("what"), max_length=6, choices=Close.Act)
    last_day = models.DateField(_("last day"))
    reopens = models.ForeignKey(
        Close, models.PROTECT, null=True, related_name="+", verbose_name=_("reopens")
    )
    posted = models.OneToOneField(
        Close, models.PROTECT, null=True, related_name="proposal", verbose_name=_("close")
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            *life_constraints("closing"),
            models.UniqueConstraint(
                fields=["act", "last_day"],
                condition=Q(state__in=["PROPOSED", "APPROVED"]),
                name="closing_one_open_per_period",
            ),
            models.CheckConstraint(
                condition=Q(act="reopen", reopens__isnull=False) & ~Q(reason="")
                | Q(act__in=["day", "month"], reopens__isnull=True),
                name="closing_reopens_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(state="POSTED", posted__isnull=False)
                | ~Q(state="POSTED") & Q(posted__isnull=True),
                name="closing_posted_names_its_close",
            ),
        ]

    @property
    def period(self) -> Period:
        """What it closes or reopens."""
        act = Close.Act(self.reopens.act if self.reopens else self.act)
        if act == Close.Act.MONTH:
            return Period(act, self.last_day.replace(day=1), self.last_day)
        return Period(act, self.last_day, self.last_day)

    @property
    def is_reopening(self) -> bool:
        return self.act == Close.Act.REOPEN
