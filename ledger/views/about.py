"""Public pages that say what Nissmart does, who runs it, and by which rules."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ledger.models import InterestRate
from ledger.models.interest import percent, points_on
from ledger.querysets import nairobi_day


def facts() -> dict[str, object]:
    """What differs from one operator to the next. Amounts are in cents."""
    return {
        "operator": settings.OPERATOR_NAME,
        "money_is_at": settings.MONEY_IS_AT,
        "limit_cents": settings.LIMIT_CENTS_PER_TRANSACTION,
        "limit_cents_daily": settings.LIMIT_CENTS_OUT_PER_DAY,
        "limit_cents_balance": settings.LIMIT_CENTS_BALANCE,
        "lower_limit_cents": settings.LOWER_LIMIT_CENTS_OUT_PER_DAY,
        "lower_limit_hours": settings.LOWER_LIMIT_HOURS,
        "retention_years": settings.RETENTION_YEARS,
        "delivery_days": settings.DELIVERY_DAYS,
        # A function, so that only the pages that speak of interest read the rates.
        "interest": rates_today,
    }


def rates_today() -> dict[str, str] | None:
    """The rates of interest and of the tax on it, in words. None without interest today."""
    purposes, today = InterestRate.Purpose, nairobi_day()
    points = points_on(InterestRate.objects.versions(purposes.GOALS), today)
    if not points:
        return None
    tax_points = points_on(InterestRate.objects.versions(purposes.TAX), today)
    return {"rate": percent(points), "tax": percent(tax_points) if tax_points else ""}


def page_of(name: str) -> Callable[[HttpRequest], HttpResponse]:
    @require_safe
    def view(request: HttpRequest) -> HttpResponse:
        return render(request, f"ledger/{name}.html", facts())

    return view


answers = page_of("help")
terms = page_of("terms")
privacy = page_of("privacy")
