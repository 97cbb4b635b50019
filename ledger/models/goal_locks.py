"""Locks of savings goals: money comes in but doesn't leave, until a day or until the target."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from ledger.models.goals import Goal

# From asking for the money early until it's free. `ledger/goal_guards.py` has it too.
WAIT = timedelta(hours=48)


class GoalLock(models.Model):
    """One lock of a goal: until `opens_at`, or until the goal holds `target_cents`.

    Its member may ask for the money early: at `asked_at`, and then it's free at `free_at`, unless
    they change their mind first. A lock ends once. The database refuses to end it without one
    of the reasons in `EndedBy`, or to change what was set.
    """

    class EndedBy(models.TextChoices):
        NOT_ENDED = "", _("Not ended")
        DAY = "day", _("The day has come")
        TARGET = "target", _("The target is reached")
        WAIT = "wait", _("Asked for early")
        EMPTY = "empty", _("Closed while empty")

    goal = models.ForeignKey(Goal, models.PROTECT, related_name="locks")
    locked_at = models.DateTimeField(_("locked"))
    opens_at = models.DateTimeField(_("until"), null=True)
    target_cents = models.BigIntegerField(_("until it holds"), null=True)
    asked_at = models.DateTimeField(_("asked for early"), null=True)
    free_at = models.DateTimeField(_("free from"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    ended_by = models.CharField(_("ended by"), max_length=6, choices=EndedBy, blank=True)
    # What the goal held when the lock ended.
    held_cents = models.BigIntegerField(_("held then"), null=True)

    class Meta:
        verbose_name = _("lock of a goal")
        verbose_name_plural = _("locks of goals")
        constraints = [
            models.CheckConstraint(
                condition=Q(opens_at__isnull=False, target_cents__isnull=True)
                | Q(opens_at__isnull=True, target_cents__isnull=False, target_cents__gt=0),
                name="goal_lock_has_one_rule",
            ),
            models.CheckConstraint(
                condition=Q(asked_at__isnull=True, free_at__isnull=True)
                | Q(asked_at__isnull=False, free_at__isnull=False, free_at__gt=F("asked_at")),
                name="goal_lock_waits_when_asked",
            ),
            # Each column is asked for by name, because a CHECK that evaluates to NULL passes.
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by="", held_cents__isnull=True)
                | Q(ended_at__isnull=False, held_cents__isnull=False)
                & (
                    Q(ended_by="day", opens_at__isnull=False, ended_at__gte=F("opens_at"))
                    | Q(
                        ended_by="target",
                        target_cents__isnull=False,
                        held_cents__gte=F("target_cents"),
                    )
                    | Q(ended_by="wait", free_at__isnull=False, ended_at__gte=F("free_at"))
                    | Q(ended_by="empty", held_cents=0)
                ),
                name="goal_lock_ends_for_a_reason",
            ),
            models.UniqueConstraint(
                fields=["goal"], condition=Q(ended_at__isnull=True), name="goal_lock_one_open"
            ),
        ]

    def why_over(self, held_cents: int, now: datetime) -> EndedBy | None:
        """Why money may leave now, if it may."""
        if self.opens_at and now >= self.opens_at:
            return self.EndedBy.DAY
        if self.target_cents is not None and held_cents >= self.target_cents:
            return self.EndedBy.TARGET
        if self.free_at and now >= self.free_at:
            return self.EndedBy.WAIT
        return None
