"""The member's list of transactions."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ledger import history, months
from ledger.forms.filters import ActivityFilter
from ledger.models import Transaction
from ledger.months import Month
from ledger.movements import Movement, by_day
from ledger.querysets import nairobi_day
from wallet.models import Account
from wallet.web.http import MemberRequest, asks_for, render_part

# The filters count what they find, up to here.
COUNTED = 100


class Group(NamedTuple):
    """The days of a month, in the list's order. `has_sums`: the month's sums are of these rows."""

    month: Month
    has_sums: bool
    days: list[tuple[str, list[Movement]]]


class Preset(NamedTuple):
    """A period that people often want, as a link."""

    label: str
    query: dict[str, str | None]
    is_on: bool


@require_safe
@login_required
def activity(request: MemberRequest) -> HttpResponse:
    """The member's transactions, newest first, filtered by the query string."""
    account = request.user.primary_account()
    form = ActivityFilter(request.GET)
    found = form.narrow(Transaction.objects.for_members().with_balance_after(account))
    page = history.page(
        account,
        found,
        request.GET.get("cursor"),
        settings.PAGE_SIZE,
        by="reference",
        direction=form.cleaned_data.get("direction", ""),
        text=form.cleaned_data.get("q", ""),
    )
    groups = by_month(page.rows, account, form)
    chosen = presets(form)
    context = {
        "account": account,
        "form": form,
        "groups": groups,
        "last_month": f"{groups[-1].month.first:%Y-%m}" if groups else "",
        # The page before ended in this month, so its heading is there already.
        "open_month": request.GET.get("month", ""),
        "presets": chosen,
        "is_filtered": form.is_filtered,
        "chips": [] if is_just(chosen, form) else form.chips,
        "next_cursor": page.next_cursor,
    }
    status = 200 if form.is_valid() else 422
    return render_part(request, "ledger/activity.html", context, part="activity", status=status)


@require_safe
@login_required
def activity_filter(request: MemberRequest) -> HttpResponse:
    """The filters of the activity. htmx shows them in a dialog, and how many rows they find."""
    form = ActivityFilter(request.GET)
    records = form.narrow(Transaction.objects.all())
    found = history.count(
        request.user.primary_account(),
        records,
        COUNTED + 1,
        direction=form.cleaned_data.get("direction", ""),
        text=form.cleaned_data.get("q", ""),
    )
    context = {"form": form, "found": found, "counted": COUNTED}
    if asks_for(request, "found"):
        return render_part(request, "partials/activity_filters.html", context, part="found")
    return render_part(request, "ledger/activity_filter.html", context, part="sheet")


def by_month(rows: list[Transaction], account: Account, form: ActivityFilter) -> list[Group]:
    """The rows by month. With a filter besides the period, the months have no sums."""
    has_sums = bool(rows) and form.active.keys() <= {"from", "to"}
    sums: dict[date, Month] = {}
    if has_sums:
        since, until = form.cleaned_data["from"], form.cleaned_data["to"]
        next_month = (first_day_of(rows[0]) + timedelta(days=31)).replace(day=1)
        # To the end of the newest month, unless the filter ends before: this may be a later page.
        last = min(until or next_month, next_month - timedelta(days=1))
        oldest = first_day_of(rows[-1])
        first = max(since or oldest, oldest)
        sums = months.totals(account, first, last)
    return [
        Group(sums.get(first_day, Month(first_day)), has_sums, by_day(each, account))
        for first_day, each in groupby(rows, key=first_day_of)
    ]


def first_day_of(record: Transaction) -> date:
    """The first day of its Nairobi month."""
    return nairobi_day(record.created_at).replace(day=1)


def is_just(found: list[Preset], form: ActivityFilter) -> bool:
    """Is one of these periods the only filter?"""
    return any(preset.is_on for preset in found) and form.active.keys() <= {"from", "to"}


def presets(form: ActivityFilter) -> list[Preset]:
    """All, this month and last month, each with the other filters as they are."""
    this_month = nairobi_day().replace(day=1)
    end = this_month - timedelta(days=1)
    periods = [
        (_("All"), None, None),
        (_("This month"), str(this_month), None),
        (_("Last month"), str(end.replace(day=1)), str(end)),
    ]
    chosen = form.data.get("from") or None, form.data.get("to") or None
    return [
        Preset(label, {"from": first, "to": last, "cursor": None}, chosen == (first, last))
        for label, first, last in periods
    ]
