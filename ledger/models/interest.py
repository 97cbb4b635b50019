"""Interest on savings goals: its rates by day, and what was paid for each month.

A rate is a dated version that is never changed. It counts once a second operator has approved it.
Without a rate there is no interest.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from ledger.models.goals import Goal
from ledger.models.transactions import Transaction

POINTS = 10_000
YEAR_DAYS = 365
# A day's interest is the balance in cents times the basis points of a year. That is this many
# times as much as in cents: a whole number, so nothing is rounded before a cent is full.
UNITS_PER_CENT = POINTS * YEAR_DAYS


class Version(NamedTuple):
    """A rate and the first Nairobi day on which it counts."""

    from_date: date
    basis_points: int


class InterestRateQuerySet(models.QuerySet["InterestRate"]):
    def approved(self) -> Self:
        return self.filter(approval__isnull=False)

    def with_replaced(self) -> Self:
        """Adds `is_replaced`: is a rate that was written later approved for the same day?"""
        later = InterestRate.objects.approved().filter(
            purpose=OuterRef("purpose"), from_date=OuterRef("from_date"), pk__gt=OuterRef("pk")
        )
        return self.annotate(is_replaced=Exists(later.order_by()))

    def versions(self, purpose: str) -> list[Version]:
        """Those that count, oldest first. Of two that begin on one day the later written counts."""
        found = self.approved().filter(purpose=purpose).order_by("from_date", "pk")
        return [Version(*row) for row in found.values_list("from_date", "basis_points")]


def points_on(versions: Sequence[Version], day: date) -> int:
    """The basis points of this day. 0 without a rate."""
    return next((one.basis_points for one in reversed(versions) if one.from_date <= day), 0)


class InterestRate(models.Model):
    """How much interest a product earns, or how much tax is withheld from it, from a day on.

    In basis points: 100 are one percent. Interest is by the year of 365 days.
    """

    class Purpose(models.TextChoices):
        GOALS = "goals", _("Interest on savings goals, a year")
        TAX = "tax", _("Tax withheld from interest")

    purpose = models.CharField(_("for"), max_length=8, choices=Purpose)
    basis_points = models.PositiveIntegerField(
        _("basis points"), help_text=_("100 are one percent. 0 means none.")
    )
    from_date = models.DateField(_("in force from"))
    written_on = models.DateField(_("written on"), editable=False)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        editable=False,
        related_name="+",
        verbose_name=_("written by"),
    )
    reason = models.CharField(_("reason"), max_length=500)

    # Only of rows that `with_replaced` found.
    is_replaced: bool

    objects = InterestRateQuerySet.as_manager()

    class Meta:
        verbose_name = _("interest rate")
        verbose_name_plural = _("interest rates")
        ordering = ["-from_date", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(from_date__gte=F("written_on")), name="rate_not_in_the_past"
            ),
            models.CheckConstraint(
                condition=Q(basis_points__gte=0, basis_points__lte=POINTS), name="rate_of_a_whole"
            ),
            models.CheckConstraint(
                condition=Q(purpose__in=["goals", "tax"]), name="rate_has_a_purpose"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}: {percent(self.basis_points)} {self.from_date}"


class RateApproval(models.Model):
    """A second operator agreed to a rate, before or on the day on which it begins."""

    rate = models.OneToOneField(InterestRate, models.PROTECT, related_name="approval")
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("approved by")
    )
    approved_on = models.DateField(_("approved on"))


class InterestPaid(models.Model):
    """The interest of one goal for one month, once. Never changed.

    It counts each day after the goal's row before it and up to `through_day`, the last day of the
    month or the day before the goal was closed. `carried_units` and `tax_carried` are what is left
    below a cent: the next month begins with them.
    """

    goal = models.ForeignKey(Goal, models.PROTECT, related_name="interest", db_index=False)
    # Its first day.
    month = models.DateField(_("month"))
    through_day = models.DateField(_("through"))
    units = models.BigIntegerField()
    carried_units = models.BigIntegerField()
    gross_cents = models.BigIntegerField(_("interest"))
    tax_cents = models.BigIntegerField(_("tax"))
    # In ten thousandths of a cent.
    tax_carried = models.BigIntegerField()
    interest = models.OneToOneField(
        Transaction, models.PROTECT, null=True, related_name="interest_of"
    )
    tax = models.OneToOneField(Transaction, models.PROTECT, null=True, related_name="tax_of")

    class Meta:
        verbose_name = _("interest of a month")
        verbose_name_plural = _("interest of months")
        constraints = [
            models.UniqueConstraint(fields=["goal", "month"], name="interest_once_a_month"),
            models.CheckConstraint(
                condition=Q(
                    units__gte=0,
                    carried_units__gte=0,
                    carried_units__lt=UNITS_PER_CENT,
                    tax_carried__gte=0,
                    tax_carried__lt=POINTS,
                    tax_cents__lte=F("gross_cents"),
                    through_day__gte=F("month"),
                ),
                name="interest_carries_less_than_a_cent",
            ),
            models.CheckConstraint(
                condition=Q(gross_cents=0, interest__isnull=True)
                | Q(gross_cents__gt=0, interest__isnull=False),
                name="interest_is_a_transaction",
            ),
            models.CheckConstraint(
                condition=Q(tax_cents=0, tax__isnull=True) | Q(tax_cents__gt=0, tax__isnull=False),
                name="interest_tax_is_a_transaction",
            ),
        ]


class InterestMark(models.Model):
    """The single row with the last month that is paid to all goals."""

    month = models.DateField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="interest_mark_is_one_row")]


def percent(points: int) -> str:
    """`7%`, `7.25%`: basis points as people write them."""
    whole, rest = divmod(points, 100)
    return f"{whole}.{rest:02d}".rstrip("0") + "%" if rest else f"{whole}%"
