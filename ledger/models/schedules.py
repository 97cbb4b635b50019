"""What members order ahead, and what became of it on each day. `ledger/schedules/` writes the rows.

A run pays by an ordinary order, whose idempotency key names the schedule and the day. So a day is
paid once at most: the run is unique, and so is the key of its transaction.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.due_days import Days, Every
from ledger.models.goals import Goal
from ledger.models.transactions import Transaction
from wallet.models import Account, User
from wallet.money import CEILING_CENTS


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def of_member(self, user_id: int) -> Self:
        """This member's schedules with their payees, those that go on first."""
        mine = self.filter(source__user=user_id).with_sides()
        return mine.order_by(F("ended_at").desc(nulls_first=True), "-pk")

    def with_sides(self) -> Self:
        """Load what pages and messages say of each one."""
        return self.select_related("source__user", "target__user", "target__goal")

    def open(self) -> Self:
        return self.exclude(state=Schedule.State.ENDED)

    def saving_for(self, goal_id: int) -> Schedule | None:
        """What saves into this goal, unless it has ended."""
        return self.filter(target=goal_id, kind=Schedule.Kind.SAVING).open().first()

    def due(self, day: date) -> Self:
        """Those that have a run to begin, longest due first."""
        active = self.filter(state=Schedule.State.ACTIVE, next_on__lte=day)
        return active.order_by("next_on", "pk")


class Schedule(models.Model):
    """Money that leaves `source` on certain days: `kind` says how (`ledger/schedules/kinds.py`).

    `next_on` is the day of the next run. It's null once all are begun.
    """

    class Kind(models.TextChoices):
        PAYMENT = "payment", _("Payment")
        SAVING = "saving", _("Saving")

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        PAUSED = "paused", _("Paused")
        ENDED = "ended", _("Ended")

    class EndedBy(models.TextChoices):
        """Why it ended."""

        DONE = "done", _("Done")
        MEMBER = "member", _("You cancelled it")
        PAYEE = "payee", _("Their account is closed")
        OWNER = "owner", _("The account is closed")
        GOAL = "goal", _("The goal is closed")
        TARGET = "target", _("The target is reached")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.PAYMENT)
    source = models.ForeignKey(
        Account, models.PROTECT, related_name="schedules", verbose_name=_("from")
    )
    target = models.ForeignKey(
        Account, models.PROTECT, related_name="schedules_in", verbose_name=_("to")
    )
    amount_cents = models.BigIntegerField(_("amount"))
    note = models.CharField(_("note"), max_length=140, blank=True)
    every = models.CharField(_("how often"), max_length=5, choices=Every)
    day = models.SmallIntegerField(_("day"), null=True)
    on = models.DateField(_("date"), null=True)
    state = models.CharField(_("state"), max_length=6, choices=State, default=State.ACTIVE)
    next_on = models.DateField(_("next"), null=True)
    created_at = models.DateTimeField(_("made"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    ended_by = models.CharField(_("ended because"), max_length=6, choices=EndedBy, blank=True)
    # Of the form that made it, so that a second click makes no second one.
    request_id = models.UUIDField(null=True, unique=True, editable=False)
    # Of the plan that a program made it with. Its key may make no other.
    digest = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        indexes = [
            models.Index(
                fields=["next_on", "id"], condition=Q(state="active"), name="schedule_due"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["payment", "saving"]), name="schedule_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(amount_cents__gt=0, amount_cents__lte=CEILING_CENTS),
                name="schedule_amount_above_zero",
            ),
            models.CheckConstraint(
                condition=~Q(source=F("target")), name="schedule_from_and_to_differ"
            ),
            models.CheckConstraint(
                condition=Q(every="once", on__isnull=False, day__isnull=True)
                | Q(every="week", on__isnull=True, day__isnull=False, day__gte=1, day__lte=7)
                | Q(every="month", on__isnull=True, day__isnull=False, day__gte=1, day__lte=31),
                name="schedule_days_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["active", "paused"], ended_at__isnull=True, ended_by="")
                | Q(
                    state="ended",
                    ended_at__isnull=False,
                    ended_by__in=["done", "member", "payee", "owner", "goal", "target"],
                    next_on__isnull=True,
                ),
                name="schedule_ended_for_a_reason",
            ),
            models.UniqueConstraint(
                fields=["target"],
                condition=Q(kind="saving") & ~Q(state="ended"),
                name="schedule_one_for_each_goal",
            ),
        ]

    def __str__(self) -> str:
        return str(self.days)

    @property
    def days(self) -> Days:
        return Days(self.every, self.day, self.on)

    @property
    def payee(self) -> User:
        assert self.target.user
        return self.target.user

    @property
    def goal(self) -> Goal | None:
        """What it saves for. None for a payment."""
        return self.target.goal if self.kind == self.Kind.SAVING else None

    @property
    def name(self) -> str:
        """To whom, or for what."""
        return self.goal.name if self.goal else self.payee.short_name

    @property
    def is_active(self) -> bool:
        return self.state == self.State.ACTIVE

    @property
    def is_paused(self) -> bool:
        return self.state == self.State.PAUSED

    @property
    def has_ended(self) -> bool:
        return self.state == self.State.ENDED

    def end(self, why: str) -> None:
        self.state, self.next_on = self.State.ENDED, None
        self.ended_at, self.ended_by = timezone.now(), why
        self.save(update_fields=["state", "next_on", "ended_at", "ended_by"])


class ScheduledRunQuerySet(models.QuerySet["ScheduledRun"]):
    def abandoned(self, now: datetime) -> Self:
        """Those that a worker began and didn't end in time."""
        begun = self.filter(state=ScheduledRun.State.BEGUN, lease_until__lt=now)
        return begun.order_by("lease_until", "pk")


class ScheduledRun(models.Model):
    """What a schedule did on one of its days: paid, or missed for a reason.

    A run that is begun may have paid already: the key of its order finds the transaction. It's
    deleted only when the member stops it before that.
    """

    class State(models.TextChoices):
        BEGUN = "begun", _("On its way")
        DONE = "done", _("Sent")
        MISSED = "missed", _("Missed")

    class Missed(models.TextChoices):
        """Why nothing moved, as a sentence that fits in an SMS with the rest."""

        MONEY = "money", _("Your wallet had too little money.")
        FROZEN = "frozen", _("Your wallet was frozen.")
        HOLD = "hold", _("We changed how you sign in.")
        DAY_LIMIT = "day_limit", _("It was over your daily limit.")
        LIMIT = "limit", _("It was over the limit for one payment.")
        TOO_SMALL = "too_small", _("It was less than can be sent.")
        UNPROVED = "unproved", _("Verify your contact first.")
        PAYEE_FULL = "payee_full", _("Their wallet can't hold that much.")
        PAYEE_UNPROVED = "unproved_to", _("They can't receive money yet.")
        PAYEE_CLOSED = "payee_closed", _("Their account is closed.")
        GOAL_FULL = "goal_full", _("A goal can't hold that much.")
        GOAL_CLOSED = "goal_closed", _("The goal is closed.")
        LATE = "late", _("Our service was down.")
        REFUSED = "refused", _("It was refused.")

    schedule = models.ForeignKey(
        Schedule, models.PROTECT, related_name="runs", verbose_name=_("schedule"), db_index=False
    )
    due_on = models.DateField(_("due"))
    amount_cents = models.BigIntegerField(_("amount"))
    state = models.CharField(_("state"), max_length=6, choices=State)
    # Whose worker may carry it out. It decides nothing: only who tries.
    lease_until = models.DateTimeField(null=True)
    transaction = models.OneToOneField(
        Transaction,
        models.PROTECT,
        null=True,
        related_name="scheduled_run",
        verbose_name=_("transaction"),
    )
    missed = models.CharField(_("why"), max_length=12, choices=Missed, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    objects = ScheduledRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("scheduled run")
        verbose_name_plural = _("scheduled runs")
        ordering = ["-due_on"]
        indexes = [
            models.Index(
                fields=["lease_until"], condition=Q(state="begun"), name="scheduled_run_begun"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "due_on"], name="scheduled_run_once_a_day"),
            models.CheckConstraint(
                condition=Q(amount_cents__gt=0, amount_cents__lte=CEILING_CENTS),
                name="scheduled_run_amount_above_zero",
            ),
            models.CheckConstraint(
                condition=Q(
                    state="begun",
                    transaction__isnull=True,
                    missed="",
                    ended_at__isnull=True,
                    lease_until__isnull=False,
                )
                | Q(state="done", transaction__isnull=False, missed="", ended_at__isnull=False)
                | Q(state="missed", transaction__isnull=True, ended_at__isnull=False)
                & ~Q(missed=""),
                name="scheduled_run_pays_or_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.due_on}"

    @property
    def key(self) -> str:
        """The idempotency key of its order. It names the day, so a day can't be paid twice."""
        return f"schedule:{self.schedule_id}:{self.due_on:%Y-%m-%d}"
