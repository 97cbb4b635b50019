"""Tariffs: what members pay for a payment on a rail, and what the rail charges Nissmart for it.

A tariff is a dated version, and is never changed: a new one takes its place on its day. Without a
tariff there is no fee and no charge.
"""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from ledger import kinds, rails
from wallet.money import CEILING_CENTS, format_money


class Purpose(models.TextChoices):
    """Who pays whom."""

    FEE = "fee", _("Fee: the member pays Nissmart")
    CHARGE = "charge", _("Charge: Nissmart pays the rail")


def fee_kinds() -> list[tuple[str, str]]:
    """(code, label) of each kind that may have a fee."""
    return [(kind.code, str(kind.plural)) for kind in kinds.every() if kind.has_fee]


def rail_choices() -> list[tuple[str, str]]:
    return [(rail.code, str(rail.label)) for rail in rails.every()]


class TariffQuerySet(models.QuerySet["Tariff"]):
    def of(self, purpose: str, rail_code: str, type: str) -> TariffQuerySet:
        return self.filter(purpose=purpose, rail=rail_code, type=type)

    def in_force(self, purpose: str, rail_code: str, type: str, day: date) -> Tariff | None:
        """The tariff of this Nairobi day. Of two that begin on one day, the later written."""
        begun = self.of(purpose, rail_code, type).filter(from_date__lte=day)
        return begun.order_by("-from_date", "-pk").first()

    def next_after(self, purpose: str, rail_code: str, type: str, day: date) -> Tariff | None:
        """The tariff that begins next after this day."""
        coming = self.of(purpose, rail_code, type).filter(from_date__gt=day)
        return coming.order_by("from_date", "-pk").first()


class Tariff(models.Model):
    """One version of the prices of one kind of transaction on one rail.

    It is in force from `from_date` (a Nairobi day) until another begins. `written_on` is the day
    it was written: it never begins in the past. The database takes `band_count` bands, not more,
    so that one added later can't change a past price.
    """

    Purpose = Purpose

    purpose = models.CharField(_("purpose"), max_length=6, choices=Purpose)
    rail = models.CharField(_("rail"), max_length=16, choices=rail_choices)
    type = models.CharField(_("for"), max_length=10, choices=fee_kinds)
    from_date = models.DateField(_("in force from"))
    written_on = models.DateField(_("written on"), editable=False)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("written by"),
    )
    reason = models.CharField(_("reason"), max_length=500)
    band_count = models.PositiveSmallIntegerField(_("number of bands"), editable=False)

    # True on the answer to a repeated call: nothing was written.
    is_replay: bool = False

    objects = TariffQuerySet.as_manager()

    class Meta:
        verbose_name = _("tariff")
        verbose_name_plural = _("tariffs")
        ordering = ["-from_date", "-id"]
        indexes = [
            models.Index(
                fields=["purpose", "rail", "type", "-from_date", "-id"], name="tariff_in_force"
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(from_date__gte=F("written_on")), name="tariff_not_in_the_past"
            ),
            models.CheckConstraint(
                condition=Q(purpose__in=[one.value for one in Purpose]), name="tariff_purpose"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.rail} {self.type} {self.from_date}"


class Band(models.Model):
    """One price of a tariff: from this amount on, up to the next band.

    A band has no end, so two can't overlap and none can be missing in between. Amounts
    below the first band cost nothing.
    """

    tariff = models.ForeignKey(
        Tariff, models.PROTECT, related_name="bands", verbose_name=_("tariff"), db_index=False
    )
    from_cents = models.BigIntegerField(_("from"))
    fee_cents = models.BigIntegerField(_("fee"))

    class Meta:
        verbose_name = _("band")
        verbose_name_plural = _("bands")
        ordering = ["from_cents"]
        constraints = [
            models.UniqueConstraint(fields=["tariff", "from_cents"], name="band_once_per_amount"),
            models.CheckConstraint(
                condition=Q(from_cents__gt=0, from_cents__lte=CEILING_CENTS),
                name="band_from_an_amount",
            ),
            models.CheckConstraint(
                condition=Q(fee_cents__gte=0, fee_cents__lte=CEILING_CENTS),
                name="band_fee_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"from {format_money(self.from_cents)}: {format_money(self.fee_cents)}"
