"""The finance team's own work: what they propose, note, follow up, keep and check.

None of it is money. What was done and by whom is in `wallet.AuditEvent`.
"""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import ExpressionWrapper, F, Q
from django.utils.translation import gettext_lazy as _

from ledger.models import Transaction
from ledger.status import Badge


class ReversalProposal(models.Model):
    """One of the team proposes to reverse a transaction; another one decides.

    PROPOSED -> APPROVED -> POSTED, or REFUSED when the ledger refused it. PROPOSED -> DENIED by
    another, or WITHDRAWN by the one who proposed. APPROVED is the moment between the decision and
    the books: whoever approved, or the worker after a crash, posts it from there, once.
    """

    class State(models.TextChoices):
        PROPOSED = "PROPOSED", _("Needs approval")
        APPROVED = "APPROVED", _("Approved")
        POSTED = "POSTED", _("Reversed")
        DENIED = "DENIED", _("Denied")
        WITHDRAWN = "WITHDRAWN", _("Withdrawn")
        REFUSED = "REFUSED", _("Refused by the ledger")

    OPEN = (State.PROPOSED, State.APPROVED)
    BADGES = {
        State.PROPOSED: Badge(State.PROPOSED.label, "wait", "clock"),
        State.APPROVED: Badge(State.APPROVED.label, "info", "clock"),
        State.POSTED: Badge(State.POSTED.label, "good", "check"),
        State.DENIED: Badge(State.DENIED.label, "bad", "cross"),
        State.WITHDRAWN: Badge(State.WITHDRAWN.label, "calm", "cross"),
        State.REFUSED: Badge(State.REFUSED.label, "bad", "cross"),
    }

    transaction = models.ForeignKey(
        Transaction, models.PROTECT, related_name="proposals", verbose_name=_("transaction")
    )
    reason = models.CharField(_("reason"), max_length=500)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PROPOSED)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=_("proposed by"),
    )
    # As they were then, like the audit's; empty in rows from before names were kept.
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
    # Why it was denied, or what the ledger said.
    remark = models.CharField(_("remark"), max_length=500, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["transaction"],
                condition=Q(state__in=["PROPOSED", "APPROVED"]),
                name="proposal_one_open_per_transaction",
            ),
            models.CheckConstraint(
                condition=Q(state="PROPOSED", decided_by__isnull=True, decided_at__isnull=True)
                | ~Q(state="PROPOSED") & Q(decided_by__isnull=False, decided_at__isnull=False),
                name="proposal_decided_when_not_open",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | Q(state="WITHDRAWN", decided_by=F("proposed_by"))
                | ~Q(state="WITHDRAWN") & ~Q(decided_by=F("proposed_by")),
                name="proposal_decided_by_another",
            ),
        ]

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


class Note(models.Model):
    """What one of the team wrote about a transaction. Written once (`adminpanel/guards.py`)."""

    transaction = models.ForeignKey(
        Transaction, models.PROTECT, related_name="notes", verbose_name=_("transaction")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=_("author"),
    )
    # As it was then; empty in rows from before names were kept.
    author_name = models.CharField(max_length=80, blank=True, db_default="")
    text = models.CharField(_("note"), max_length=1000)
    created_at = models.DateTimeField(_("written"), auto_now_add=True)
    # Of the request that wrote it (`adminpanel/operations/once.py`).
    request = models.UUIDField(null=True, unique=True, editable=False)

    class Meta:
        ordering = ["id"]

    @property
    def signature(self) -> str:
        return self.author_name or self.author.name


class Incident(models.Model):
    """Something that is wrong and that somebody sees to, until it is resolved.

    `check_name` is the failed check that opened it; `opened_by` is then null. Its history is in
    the audit, under the subject `incident <id>`.
    """

    class Severity(models.TextChoices):
        HIGH = "HIGH", _("High")
        MEDIUM = "MEDIUM", _("Medium")
        LOW = "LOW", _("Low")

    class State(models.TextChoices):
        OPEN = "OPEN", _("Open")
        IN_REVIEW = "IN_REVIEW", _("In review")
        RESOLVED = "RESOLVED", _("Resolved")

    BADGES = {
        State.OPEN: Badge(State.OPEN.label, "bad", "alert"),
        State.IN_REVIEW: Badge(State.IN_REVIEW.label, "wait", "clock"),
        State.RESOLVED: Badge(State.RESOLVED.label, "good", "check"),
    }
    SEVERITY_BADGES = {
        Severity.HIGH: Badge(Severity.HIGH.label, "bad", "alert"),
        Severity.MEDIUM: Badge(Severity.MEDIUM.label, "wait", "flag"),
        Severity.LOW: Badge(Severity.LOW.label, "calm", "flag"),
    }

    title = models.CharField(_("title"), max_length=120)
    description = models.CharField(_("what happened"), max_length=2000, blank=True)
    severity = models.CharField(
        _("severity"), max_length=6, choices=Severity, default=Severity.MEDIUM
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("owner"),
    )
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("opened by"),
    )
    opened_at = models.DateTimeField(_("opened"), auto_now_add=True)
    # Of the request that opened it by hand (`adminpanel/operations/once.py`).
    request = models.UUIDField(null=True, unique=True, editable=False)
    check_name = models.CharField(_("check"), max_length=40, blank=True)
    transactions = models.ManyToManyField(
        Transaction, related_name="incidents", verbose_name=_("transactions")
    )
    resolution = models.CharField(_("resolution"), max_length=2000, blank=True)
    resolved_at = models.DateTimeField(_("resolved"), null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["check_name"],
                condition=~Q(check_name="") & ~Q(state="RESOLVED"),
                name="incident_one_open_per_check",
            ),
            models.CheckConstraint(
                condition=Q(state="RESOLVED", resolved_at__isnull=False) & ~Q(resolution="")
                | ~Q(state="RESOLVED") & Q(resolved_at__isnull=True, resolution=""),
                name="incident_resolved_with_a_resolution",
            ),
        ]

    @property
    def badge(self) -> Badge:
        return self.BADGES[self.State(self.state)]

    @property
    def severity_badge(self) -> Badge:
        return self.SEVERITY_BADGES[self.Severity(self.severity)]


class SavedView(models.Model):
    """A name that one of the team gave to filters of the ledger, as they stand in its address.

    The one without a name is the layout they chose last, for addresses that say nothing of one.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=_("owner"),
    )
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(_("filters"), max_length=1000)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="saved_view_once_per_name"),
        ]


class CheckRun(models.Model):
    """The checks of the books, run one after another in the background.

    Whoever runs it holds `lease`, which a worker that died loses at `leased_until`.
    `asked_by` is null for a run by the clock.
    """

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("asked by"),
    )
    asked_at = models.DateTimeField(_("asked"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    lease = models.UUIDField(default=uuid4)
    leased_until = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                ExpressionWrapper(Q(finished_at__isnull=True), models.BooleanField()),
                condition=Q(finished_at__isnull=True),
                name="check_run_one_at_a_time",
            ),
        ]


class CheckResult(models.Model):
    """What one check found in one run: `found` rows are wrong, and `findings` are the first."""

    run = models.ForeignKey(CheckRun, models.CASCADE, related_name="results")
    check_name = models.CharField(_("check"), max_length=40)
    finished_at = models.DateTimeField(_("finished"))
    duration_ms = models.IntegerField(_("duration"))
    found = models.IntegerField(_("rows that are wrong"))
    findings = models.JSONField(_("findings"), default=list)
    # What went wrong with the check itself, which then has found nothing.
    error = models.CharField(_("error"), max_length=500, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["check_name", "-id"], name="check_result_by_check")]
        constraints = [
            models.UniqueConstraint(fields=["run", "check_name"], name="check_result_once_per_run"),
        ]

    @property
    def is_right(self) -> bool:
        return self.found == 0 and not self.error

    @property
    def took(self) -> str:
        """How many milliseconds, in words."""
        return str(self.duration_ms or "< 1")
