"""What proposals have in common: one person proposes, another decides, then the ledger posts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from ledger.status import Badge


class Proposal(models.Model):
    """The base class of proposals. Its constraints are in `life_constraints`."""

    class State(models.TextChoices):
        """How far a proposal has come.

        PROPOSED -> APPROVED -> POSTED, or REFUSED when the ledger refuses it.
        PROPOSED -> DENIED by a colleague, or WITHDRAWN by the proposer.
        APPROVED means decided but not posted yet. The approver's request posts it, or the
        background worker: after a crash, and always if it closes books. It's posted once.
        """

        PROPOSED = "PROPOSED", _("Needs approval")
        APPROVED = "APPROVED", _("Approved")
        POSTED = "POSTED", _("Posted")
        DENIED = "DENIED", _("Denied")
        WITHDRAWN = "WITHDRAWN", _("Withdrawn")
        REFUSED = "REFUSED", _("Refused by the ledger")

    OPEN = (State.PROPOSED, State.APPROVED)
    BADGES: ClassVar[Mapping[Any, Badge]] = {
        State.PROPOSED: Badge(State.PROPOSED.label, "wait", "clock"),
        State.APPROVED: Badge(State.APPROVED.label, "info", "clock"),
        State.POSTED: Badge(State.POSTED.label, "good", "check"),
        State.DENIED: Badge(State.DENIED.label, "bad", "cross"),
        State.WITHDRAWN: Badge(State.WITHDRAWN.label, "calm", "cross"),
        State.REFUSED: Badge(State.REFUSED.label, "bad", "cross"),
    }

    reason = models.CharField(_("reason"), max_length=500)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PROPOSED)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=_("proposed by"),
    )
    # Names at that time, as in the audit. Empty in rows older than these columns.
    proposed_by_name = models.CharField(max_length=80, blank=True, db_default="")
    proposed_at = models.DateTimeField(_("proposed"), auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_by_name = models.CharField(max_length=80, blank=True, db_default="")
    decided_at = models.DateTimeField(_("decided"), null=True)
    # The reason for a denial, or the ledger's refusal.
    remark = models.CharField(_("remark"), max_length=500, blank=True)

    class Meta:
        abstract = True

    @property
    def badge(self) -> Badge:
        return self.BADGES[self.State(self.state)]

    @property
    def proposer(self) -> str:
        return self.proposed_by_name or self.proposed_by.name

    @property
    def decider(self) -> str:
        return self.decided_by_name or (self.decided_by.name if self.decided_by else "")

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN


State = Proposal.State


def life_constraints(prefix: str) -> list[models.CheckConstraint]:
    """Decided when not open, by another person than the proposer unless it's withdrawn."""
    return [
        models.CheckConstraint(
            condition=Q(state="PROPOSED", decided_by__isnull=True, decided_at__isnull=True)
            | ~Q(state="PROPOSED") & Q(decided_by__isnull=False, decided_at__isnull=False),
            name=f"{prefix}_decided_when_not_open",
        ),
        models.CheckConstraint(
            condition=Q(decided_by__isnull=True)
            | Q(state="WITHDRAWN", decided_by=F("proposed_by"))
            | ~Q(state="WITHDRAWN") & ~Q(decided_by=F("proposed_by")),
            name=f"{prefix}_decided_by_another",
        ),
    ]
