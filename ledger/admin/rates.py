"""Rates of interest in Django admin: one operator writes a rate, and another approves it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm, Textarea
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger import rates
from ledger.admin.books import ReadOnly
from ledger.models import InterestRate
from ledger.models.interest import POINTS, InterestRateQuerySet, percent
from ledger.querysets import nairobi_day
from wallet.admin import confirming
from wallet.admin.lists import ForgivingList
from wallet.errors import Refusal
from wallet.web.http import context_of

APPROVE = confirming.Question(
    action="approve",
    title=gettext_lazy("Approve rates"),
    what=gettext_lazy("These rates then count from their day on, for all members."),
    verb=gettext_lazy("Approve"),
    nothing=gettext_lazy("None of these waits for your approval."),
)


class RateForm(ModelForm):
    class Meta:
        widgets = {"reason": Textarea(attrs={"rows": 2})}
        help_texts = {
            "from_date": gettext_lazy(
                "Interest counts by the day. Tax doesn't: the tax on a month's interest is that of "
                "the month's last day."
            )
        }

    def clean_from_date(self) -> date:
        day: date = self.cleaned_data["from_date"]
        if day < nairobi_day():
            raise ValidationError(rates.PASSED)
        return day

    def clean_basis_points(self) -> int:
        points: int = self.cleaned_data["basis_points"]
        if points > POINTS:
            raise ValidationError(rates.NO_SHARE)
        return points


@admin.register(InterestRate)
class InterestRateAdmin(ReadOnly, ForgivingList):
    form = RateForm
    list_display = ["from_date", "purpose", "percent", "written_by", "approved_by"]
    list_filter = ["purpose"]
    list_select_related = ["written_by", "approval__approved_by"]
    actions = ["approve"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[InterestRate]:
        found: InterestRateQuerySet = super().get_queryset(request)  # type: ignore[assignment]
        return found.with_replaced()

    def get_fields(self, request: HttpRequest, obj: InterestRate | None = None) -> Any:
        asked = ["purpose", "basis_points", "from_date", "reason"]
        return [*asked, "percent", "written_on", "written_by", "approved_by"] if obj else asked

    def get_readonly_fields(
        self, request: HttpRequest, obj: InterestRate | None = None
    ) -> list[str]:
        return ["percent", "written_on", "written_by", "approved_by"] if obj else []

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("ledger.add_interestrate")

    @admin.display(description=gettext_lazy("percent"))
    def percent(self, rate: InterestRate) -> str:
        return percent(rate.basis_points)

    @admin.display(description=gettext_lazy("approved by"))
    def approved_by(self, rate: InterestRate) -> str:
        if rate.is_replaced:
            return _("Replaced by a rate that was written later")
        approval = getattr(rate, "approval", None)
        return str(approval.approved_by) if approval else _("Waits for another operator")

    def save_model(self, request: HttpRequest, rate: InterestRate, form: Any, change: bool) -> None:
        context = context_of(request).because(rate.reason)
        made = rates.write(
            context,
            purpose=rate.purpose,
            basis_points=rate.basis_points,
            from_date=rate.from_date,
        )
        rate.pk = made.pk

    @admin.action(description=gettext_lazy("Approve"), permissions=["approve"])
    def approve(self, request: HttpRequest, found: QuerySet[InterestRate]) -> HttpResponse | None:
        """Approve the chosen rates of colleagues that haven't begun."""
        waiting = [
            each
            for each in found.filter(approval__isnull=True, from_date__gte=nairobi_day())
            if each.written_by_id != request.user.pk
        ]
        rows = [
            confirming.Row(
                each.pk,
                str(each),
                _("Written by {name}: {reason}").format(name=each.written_by, reason=each.reason),
            )
            for each in waiting
        ]
        reason, page = confirming.ask(self, request, APPROVE, rows)
        if page:
            return page
        for each in waiting:
            try:
                rates.approve(context_of(request).because(reason), rate_id=each.pk)
            except Refusal as refusal:
                messages.error(request, str(refusal))
            else:
                messages.success(request, _("Approved: {rate}").format(rate=each))
        return None

    def has_approve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("ledger.add_interestrate")
