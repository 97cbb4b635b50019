"""What went to a rail and what came back, and the switch that stops payouts."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from ledger.models.attempts import REFERENCE_LENGTH, Attempt


class Finding(models.TextChoices):
    """What a message turned out to mean. Those that `is_alarming` open an incident."""

    APPLIED = "applied", _("Applied")
    NO_NEWS = "no_news", _("Said nothing final")
    DUPLICATE = "duplicate", _("Said what was known")
    NOT_OURS = "not_ours", _("About no payment of ours")
    UNREADABLE = "unreadable", _("Can't be read")
    TOO_LARGE = "too_large", _("Larger than a callback may be")
    UNMATCHED = "unmatched", _("Names no payment that we know")
    CONFIRMING = "confirming", _("Waits for the rail to confirm it")
    REFUSED = "refused", _("Refused before it was paid")
    NEVER_SENT = "never_sent", _("Claims a payment that was never sent")
    WRONG_AMOUNT = "wrong_amount", _("Another amount than ordered")
    LATE_SUCCESS = "late_success", _("Paid after it had failed")
    CONTRADICTION = "contradiction", _("Says that a completed payment failed")
    OTHER_RECEIPT = "other_receipt", _("A completed payment under another receipt")
    RECEIPT_TAKEN = "receipt_taken", _("The receipt of another payment")
    OTHER_ID = "other_id", _("An answer under another id than the rail gave us")
    NOT_CONFIRMED = "not_confirmed", _("Claims a payment that the rail doesn't confirm")
    OVERDUE = "overdue", _("No final answer for a day")
    ALARM = "alarm", _("The rail said something that we don't expect")
    FLOAT_LOW = "float_low", _("The float is too low for payouts")
    STOPPED = "stopped", _("Payouts were paused after this answer")
    GAVE_UP = "gave_up", _("Could not be applied")
    FORGED = "forged", _("A callback with a wrong secret or from a source that isn't allowed")

    @property
    def is_alarming(self) -> bool:
        return self in ALARMING


ALARMING = frozenset(Finding) - {
    Finding.APPLIED,
    Finding.NO_NEWS,
    Finding.DUPLICATE,
    Finding.NOT_OURS,
    Finding.CONFIRMING,
    Finding.REFUSED,
}


class RailEvent(models.Model):
    """One request to a rail, its answer, or a message that the rail sent. Append-only.

    `body` has neither secrets nor phone numbers in it. `rail_id` is the rail's name for the
    payment or for our question, as far as the message says. Of a callback, `handled_at` and
    `finding` are written once, when it has been applied.
    """

    Finding = Finding

    rail = models.CharField(_("rail"), max_length=16)
    kind = models.CharField(_("kind"), max_length=40)
    attempt = models.ForeignKey(
        Attempt, models.PROTECT, null=True, related_name="events", verbose_name=_("attempt")
    )
    reference = models.CharField(_("reference"), max_length=REFERENCE_LENGTH, blank=True)
    rail_id = models.CharField(_("the rail's id"), max_length=64, blank=True)
    is_callback = models.BooleanField(_("sent by the rail"), default=False)
    status_code = models.PositiveSmallIntegerField(_("HTTP status"), null=True)
    body = models.TextField(_("body"), blank=True)
    ip_address = models.CharField(_("IP address"), max_length=60, blank=True)
    at = models.DateTimeField(_("at"), auto_now_add=True)
    handled_at = models.DateTimeField(_("handled"), null=True)
    # Null until it is handled: the guard lets it change from null only.
    finding = models.CharField(  # noqa: DJ001
        _("finding"), max_length=20, choices=Finding, null=True
    )

    class Meta:
        verbose_name = _("rail event")
        verbose_name_plural = _("rail events")
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["id"],
                condition=Q(is_callback=True, handled_at__isnull=True),
                name="rail_event_unhandled",
            ),
            models.Index(
                fields=["rail", "rail_id"], condition=~Q(rail_id=""), name="rail_event_by_rail_id"
            ),
            models.Index(
                fields=["id"],
                condition=Q(finding__isnull=False)
                & ~Q(finding__in=["applied", "no_news", "duplicate", "not_ours"]),
                name="rail_event_alarming",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(handled_at__isnull=True, finding__isnull=True)
                | Q(handled_at__isnull=False, finding__isnull=False) & ~Q(finding=""),
                name="rail_event_handled_with_a_finding",
            ),
        ]


class PauseQuerySet(models.QuerySet["Pause"]):
    def holding(self, now: datetime) -> PauseQuerySet:
        """Those that stop payouts at this moment."""
        return self.filter(Q(until__isnull=True) | Q(until__gt=now), lifted_at__isnull=True)


class Pause(models.Model):
    """Payouts are stopped: on one rail, or on all of them when `rail` is empty.

    It holds until `until`, or until two people of finance have lifted it: one proposes, another
    one lifts. `paused_by` is null when the system stopped them.
    """

    rail = models.CharField(_("rail"), max_length=16, blank=True)
    reason = models.CharField(_("reason"), max_length=500)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("paused by"),
    )
    paused_at = models.DateTimeField(_("paused"), auto_now_add=True)
    until = models.DateTimeField(_("until"), null=True)
    lift_proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("proposed to lift by"),
    )
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("lifted by"),
    )
    lifted_at = models.DateTimeField(_("lifted"), null=True)

    # True on the answer to a repeated request: nothing was written.
    is_replay: bool = False

    objects = PauseQuerySet.as_manager()

    class Meta:
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["rail"], condition=Q(lifted_at__isnull=True), name="pause_not_lifted"
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(lifted_by__isnull=True, lifted_at__isnull=True)
                | Q(
                    lifted_by__isnull=False,
                    lifted_at__isnull=False,
                    lift_proposed_by__isnull=False,
                )
                & ~Q(lifted_by=F("lift_proposed_by")),
                name="pause_lifted_by_another",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="pause_has_a_reason"),
            # The moment of a pause is stored when it is made, so this compares two columns.
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=F("paused_at")),
                name="pause_ends_after_it_began",
            ),
        ]
