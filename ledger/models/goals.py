"""What members save for. A goal's money is the balance of its account."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wallet.models import Account, User
from wallet.money import CEILING_CENTS

if TYPE_CHECKING:
    from ledger.models.goal_locks import GoalLock

WEEK_DAYS = 7
SHILLING_CENTS = 100


class GoalQuerySet(models.QuerySet["Goal"]):
    def of_member(self, user_id: int) -> Self:
        """This member's goals with their accounts, oldest first."""
        return self.filter(account__user=user_id).select_related("account").order_by("pk")

    def with_locks(self) -> Self:
        return self.prefetch_related("locks")

    def with_interest_paid(self) -> Self:
        """Load the interest and the tax of each in all, and its account."""
        found = self.select_related("account")
        paid = {"interest_cents": "gross_cents", "tax_cents": "tax_cents"}
        sums = {each: Sum(f"interest__{cents}", default=0) for each, cents in paid.items()}
        return found.annotate(**sums)

    def open(self) -> Self:
        return self.filter(account__closed_at__isnull=True)


class Picture(models.TextChoices):
    """The pictures of goals: each is an icon in static/icons.svg."""

    JAR = "jar", _("Something else")
    SCHOOL = "cap", _("School")
    HOME = "home", _("Home and rent")
    PHONE = "phone", _("Phone")
    HEALTH = "health", _("Health")
    TRANSPORT = "bike", _("Transport")
    GIFT = "gift", _("Gift")


class Goal(models.Model):
    """What a member saves for. Money moves in and out by orders, like any other.

    It has the id of its account. A goal is never deleted: it's closed (`Account.closed_at`). Who
    opened it, and the idempotency key, find it again when that call is repeated.
    """

    account = models.OneToOneField(
        Account, models.PROTECT, primary_key=True, related_name="goal", verbose_name=_("account")
    )
    name = models.CharField(_("name"), max_length=40)
    picture = models.CharField(_("picture"), max_length=10, choices=Picture, default=Picture.JAR)
    target_cents = models.BigIntegerField(_("target"), null=True)
    target_date = models.DateField(_("by"), null=True)
    created_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("opened by"), db_index=False
    )
    # Null if the caller gave no key: the unique constraint ignores nulls.
    idempotency_key = models.CharField(max_length=255, null=True, editable=False)  # noqa: DJ001
    # What was asked, since a member may change it later.
    digest = models.CharField(max_length=64, editable=False)

    objects = GoalQuerySet.as_manager()

    class Meta:
        verbose_name = _("savings goal")
        verbose_name_plural = _("savings goals")
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="goal_has_a_name"),
            models.CheckConstraint(
                condition=Q(target_cents__isnull=True)
                | Q(target_cents__gt=0, target_cents__lte=CEILING_CENTS),
                name="goal_target_above_zero",
            ),
            models.UniqueConstraint(
                fields=["created_by", "idempotency_key"], name="goal_once_per_key"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def balance_cents(self) -> int:
        return self.account.balance_cents

    @property
    def is_closed(self) -> bool:
        return self.account.closed_at is not None

    @property
    def lock(self) -> GoalLock | None:
        """The lock that keeps its money now. None if it has none, or if that is over."""
        if not self.account.is_locked:
            return None
        # It may have ended since the account was read.
        lock = next((one for one in self.locks.all() if one.ended_at is None), None)
        is_over = lock is None or lock.why_over(self.balance_cents, timezone.now())
        return None if is_over else lock

    @property
    def is_reached(self) -> bool:
        return self.target_cents is not None and self.balance_cents >= self.target_cents

    @property
    def left_cents(self) -> int:
        """What is missing to the target. 0 without one."""
        return max((self.target_cents or 0) - self.balance_cents, 0)

    @property
    def percent(self) -> int | None:
        """How much of the target is saved: rounded down, 100 at most. None without a target."""
        if self.target_cents is None:
            return None
        return min(self.balance_cents * 100 // self.target_cents, 100)

    def weekly_cents(self, today: date) -> int | None:
        """What to save a week to reach the target in time, in whole shillings, rounded up.

        None without a target or a date, once it's reached, and once the date has passed.
        """
        if not self.left_cents or self.target_date is None or self.target_date <= today:
            return None
        weeks = max((self.target_date - today).days // WEEK_DAYS, 1)
        return -(-self.left_cents // (weeks * SHILLING_CENTS)) * SHILLING_CENTS
