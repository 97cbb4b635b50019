"""Attempts: what a transaction does on its rail, who approved it, and how people resolved it.

A Transaction is the order and its outcome; its Attempt is the try on the rail. `Attempt.State` says
how far it has come, and `ledger/attempt_guards.py` lets the database refuse any other move.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger import rails
from ledger.models.transactions import Transaction
from ledger.references import new_attempt_reference
from ledger.status import Badge

APPROVALS_AT_MOST = 2
REFERENCE_LENGTH = 20


class State(models.TextChoices):
    """How far an attempt has come. The last three are final."""

    HELD = "HELD", _("Waits for approval")
    READY = "READY", _("Ready to be sent")
    # Claimed by a worker, and committed before the call: from here on it may have been sent.
    SENDING = "SENDING", _("Being sent")
    SENT = "SENT", _("Sent")
    UNKNOWN = "UNKNOWN", _("Outcome unknown")
    SUCCEEDED = "SUCCEEDED", _("Succeeded")
    FAILED = "FAILED", _("Failed")
    # By its member or by the finance team, before it was sent.
    CANCELLED = "CANCELLED", _("Cancelled")


class Because(models.TextChoices):
    """Which rule asked for the approval of a payout (`ledger/operations/approvals.py`)."""

    AMOUNT = "amount", _("Its amount")
    DAY = "day", _("What left the wallet that day")
    NEW_PHONE = "new_phone", _("First payout to a new phone number")


ENDED = (State.SUCCEEDED, State.FAILED, State.CANCELLED)
OPEN = tuple(state for state in State if state not in ENDED)

BADGES = {
    State.HELD: Badge(State.HELD.label, "wait", "clock"),
    State.READY: Badge(State.READY.label, "info", "clock"),
    State.SENDING: Badge(State.SENDING.label, "info", "clock"),
    State.SENT: Badge(State.SENT.label, "info", "clock"),
    State.UNKNOWN: Badge(State.UNKNOWN.label, "bad", "alert"),
    State.SUCCEEDED: Badge(State.SUCCEEDED.label, "good", "check"),
    State.FAILED: Badge(State.FAILED.label, "bad", "cross"),
    State.CANCELLED: Badge(State.CANCELLED.label, "calm", "cross"),
}


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def open(self) -> AttemptQuerySet:
        return self.filter(state__in=OPEN)

    def payouts(self) -> AttemptQuerySet:
        """Those that pay money out. The others collect it."""
        return self.filter(is_payout=True)

    def due(self, now: datetime) -> AttemptQuerySet:
        """Those that a worker has to send or to ask about, the longest due first."""
        return self.filter(next_look_at__lte=now).order_by("next_look_at", "pk")


class Attempt(models.Model):
    """The one try of a transaction on its rail.

    It is written in the same commit as the order. `reference` is our name for it at the rail,
    where a payment is never asked for under another name. `phone` (E.164) is the member's as it
    was when they ordered. `held_because` is the rule that asked for approvals, and
    `held_above_cents` the limit that the rule had then. `rail_id` is the rail's own name for it
    and `receipt` the number of its payment. `next_look_at` is when a worker is to send it or to ask
    about it, null when nothing is due. Each claim by a worker raises `fence`, and holds until
    `lease_until`.

    `sent_at` is when it may first have reached the rail. It is null while that is impossible, so
    only then may the attempt be cancelled.
    """

    State = State

    transaction = models.OneToOneField(
        Transaction, models.PROTECT, related_name="attempt", verbose_name=_("transaction")
    )
    # Does it pay money out? Otherwise it collects money. As its transaction says.
    is_payout = models.BooleanField(_("pays out"))
    rail = models.CharField(_("rail"), max_length=16)
    reference = models.CharField(
        _("reference"), max_length=REFERENCE_LENGTH, unique=True, default=new_attempt_reference
    )
    phone = models.CharField(_("phone"), max_length=16, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State)
    approvals_needed = models.PositiveSmallIntegerField(_("approvals needed"), default=0)
    # Null if it needs none, and for those from before this was stored.
    held_because = models.CharField(  # noqa: DJ001
        _("held because"), max_length=10, choices=Because, null=True
    )
    approvals_given = models.PositiveSmallIntegerField(_("approvals given"), default=0)
    held_above_cents = models.BigIntegerField(_("held above"), null=True)
    rail_id = models.CharField(_("the rail's id"), max_length=64, blank=True)
    # Null, not empty, until it is paid: the unique constraint passes over nulls.
    receipt = models.CharField(_("receipt"), max_length=64, null=True)  # noqa: DJ001
    failure_code = models.CharField(_("failure code"), max_length=40, blank=True)
    failure_words = models.CharField(_("why it failed"), max_length=300, blank=True)
    next_look_at = models.DateTimeField(_("next look"), null=True)
    looks = models.PositiveIntegerField(_("looks"), default=0)
    lease_until = models.DateTimeField(_("leased until"), null=True)
    fence = models.PositiveIntegerField(_("fence"), default=0)
    created_at = models.DateTimeField(_("ordered"))
    sent_at = models.DateTimeField(_("sent"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    # True on the answer to a repeated decision: nothing was written.
    is_replay: bool = False

    objects = AttemptQuerySet.as_manager()

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["-id"]
        indexes = [
            # What is due is few rows, however many attempts there have been.
            models.Index(
                fields=["next_look_at", "id"],
                condition=Q(next_look_at__isnull=False),
                name="attempt_due",
            ),
            models.Index(
                fields=["state", "-id"],
                condition=~Q(state="SUCCEEDED"),
                name="attempt_by_state",
            ),
            models.Index(
                fields=["rail", "rail_id"], condition=~Q(rail_id=""), name="attempt_by_rail_id"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="HELD", approvals_needed__gt=0, sent_at__isnull=True, fence=0)
                | Q(state="READY", next_look_at__isnull=False, lease_until__isnull=True)
                | Q(
                    state="SENDING",
                    sent_at__isnull=False,
                    lease_until__isnull=False,
                    next_look_at__isnull=False,
                )
                | Q(state__in=["SENT", "UNKNOWN", "SUCCEEDED", "FAILED"], sent_at__isnull=False)
                | Q(state="CANCELLED", sent_at__isnull=True),
                name="attempt_columns_of_its_state",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["HELD", "READY", "SENDING", "SENT", "UNKNOWN"])
                & Q(ended_at__isnull=True)
                | Q(state__in=["SUCCEEDED", "FAILED", "CANCELLED"])
                & Q(ended_at__isnull=False, next_look_at__isnull=True, lease_until__isnull=True),
                name="attempt_ended_when_final",
            ),
            models.CheckConstraint(
                condition=~Q(state="HELD") | Q(next_look_at__isnull=True, lease_until__isnull=True),
                name="attempt_held_is_not_due",
            ),
            models.CheckConstraint(
                condition=Q(approvals_needed__lte=APPROVALS_AT_MOST),
                name="attempt_approvals_at_most_two",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["HELD", "CANCELLED"])
                | Q(approvals_given__gte=F("approvals_needed")),
                name="attempt_approved_before_it_is_sent",
            ),
            models.CheckConstraint(
                condition=Q(receipt__isnull=True) | Q(state="SUCCEEDED") & ~Q(receipt=""),
                name="attempt_receipt_of_success",
            ),
            # Of payouts and of deposits apart: a forged message about money that came in, with the
            # receipt of a payout, must not keep that payout from ending.
            models.UniqueConstraint(
                fields=["rail", "receipt", "is_payout"], name="attempt_receipt_once_a_way"
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_payers(self) -> bool:
        """Did its payer start it? Then we sent nothing, and it was written when the money came."""
        is_paid = self.state == State.SUCCEEDED
        return is_paid and self.fence == 0 and self.ended_at == self.created_at

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def may_have_been_sent(self) -> bool:
        """Can the rail know its reference?"""
        return self.sent_at is not None or self.fence > 0

    @property
    def is_held_by_a_worker(self) -> bool:
        return self.lease_until is not None and self.lease_until > timezone.now()

    @property
    def took_rail(self) -> rails.Rail:
        return rails.of(self.rail)

    @property
    def badge(self) -> Badge:
        return BADGES[State(self.state)]

    @property
    def fingerprint(self) -> str:
        """What an approval is for: the amount, the phone that gets it, and the transaction."""
        facts = (self.transaction.amount_cents, self.phone, self.transaction.reference)
        return hashlib.sha256(repr(facts).encode()).hexdigest()


class Approval(models.Model):
    """What one person of finance decided about a payout that waits for approval. Never changed."""

    class Decision(models.TextChoices):
        APPROVE = "approve", _("Approved")
        REFUSE = "refuse", _("Refused")

    attempt = models.ForeignKey(
        Attempt, models.PROTECT, related_name="approvals", verbose_name=_("attempt")
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("person")
    )
    # As it was then, like the audit's.
    person_name = models.CharField(_("name then"), max_length=80)
    decision = models.CharField(_("decision"), max_length=10, choices=Decision)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["attempt", "person"], name="approval_once_per_person"),
            models.CheckConstraint(
                condition=Q(decision="approve") | Q(decision="refuse") & ~Q(reason=""),
                name="approval_refuses_for_a_reason",
            ),
        ]


class Verdict(models.Model):
    """What one person of finance found out about a payment whose outcome was unknown.

    Their latest one counts. The attempt ends once those of two people agree. Never changed.
    """

    class Outcome(models.TextChoices):
        PAID = "paid", _("It was paid")
        NOT_PAID = "not_paid", _("It was not paid, and won't be")

    attempt = models.ForeignKey(
        Attempt, models.PROTECT, related_name="verdicts", verbose_name=_("attempt")
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("person")
    )
    person_name = models.CharField(_("name then"), max_length=80)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    receipt = models.CharField(_("receipt"), max_length=64, blank=True)
    evidence = models.CharField(_("evidence"), max_length=1000)
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="paid") & ~Q(receipt="") | Q(outcome="not_paid", receipt=""),
                name="verdict_paid_has_a_receipt",
            ),
            models.CheckConstraint(condition=~Q(evidence=""), name="verdict_has_evidence"),
        ]
