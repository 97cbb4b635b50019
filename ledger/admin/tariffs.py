"""Tariffs in Django admin: an operator reads them and writes a new one. None is ever changed."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import admin
from django.contrib.admin import TabularInline
from django.core.exceptions import ValidationError
from django.forms import ModelForm, Textarea
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ledger import tariffs
from ledger.admin.books import ReadOnly
from ledger.models import Band, Tariff
from ledger.querysets import nairobi_day
from wallet.admin.lists import ForgivingList
from wallet.money import format_money
from wallet.web.fields import AmountField
from wallet.web.http import context_of


class PriceField(AmountField):
    """An amount in shillings, which may be zero."""

    def clean(self, value: Any) -> int | None:
        try:
            return super().clean(value)
        except ValidationError as error:
            if getattr(error, "code", "") != "amount_zero":
                raise
            return 0


class BandForm(ModelForm):
    from_cents = AmountField(label=_("Amounts from, KES"))
    fee_cents = PriceField(label=_("Cost, KES"))


class BandInline(ReadOnly, TabularInline):
    model = Band
    form = BandForm
    readonly_fields = ["amounts_from", "cost"]
    verbose_name_plural = _("bands: each up to the next; without any, all is free")
    extra = 8
    can_delete = False

    def get_fields(self, request: HttpRequest, obj: Tariff | None = None) -> Any:
        return ["amounts_from", "cost"] if obj else ["from_cents", "fee_cents"]

    def has_add_permission(self, request: HttpRequest, obj: Tariff | None = None) -> bool:
        return obj is None and request.user.has_perm("ledger.add_tariff")

    @admin.display(description=_("amounts from"))
    def amounts_from(self, band: Band) -> str:
        return format_money(band.from_cents)

    @admin.display(description=_("cost"))
    def cost(self, band: Band) -> str:
        return format_money(band.fee_cents)


class TariffForm(ModelForm):
    class Meta:
        widgets = {"reason": Textarea(attrs={"rows": 2})}

    def clean_from_date(self) -> date:
        day: date = self.cleaned_data["from_date"]
        if day < nairobi_day():
            raise ValidationError(tariffs.PASSED)
        return day


@admin.register(Tariff)
class TariffAdmin(ReadOnly, ForgivingList):
    form = TariffForm
    list_display = ["from_date", "purpose", "rail", "type", "written_by", "written_on"]
    list_filter = ["purpose", "rail"]
    list_select_related = ["written_by"]
    fields = ["purpose", "rail", "type", "from_date", "reason"]
    inlines = [BandInline]
    actions = None

    def get_fields(self, request: HttpRequest, obj: Tariff | None = None) -> Any:
        written = ["written_on", "written_by"] if obj else []
        return ["purpose", "rail", "type", "from_date", "reason", *written]

    def get_readonly_fields(self, request: HttpRequest, obj: Tariff | None = None) -> list[str]:
        return ["written_on", "written_by"] if obj else []

    def has_add_permission(self, request: HttpRequest, obj: Tariff | None = None) -> bool:
        return request.user.has_perm("ledger.add_tariff")

    def save_model(self, request: HttpRequest, tariff: Tariff, form: Any, change: bool) -> None:
        """Written by `save_related`, which knows how many bands there are."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        tariff = form.instance
        tariff.written_on, tariff.written_by_id = nairobi_day(), request.user.pk
        tariff.band_count = sum(band.has_changed() for bands in formsets for band in bands)
        tariff.save()
        super().save_related(request, form, formsets, change)
        tariffs.record(context_of(request), tariff)
