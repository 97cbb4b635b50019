"""The overview: the panel's first page."""

from __future__ import annotations

import functools
from datetime import date
from typing import NamedTuple

from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from adminpanel.access import panel_page
from adminpanel.integrity.operations import request_unless_known
from adminpanel.integrity.queries import failed_checks
from adminpanel.overview import attention, charts, periods, queries, totals
from adminpanel.overview.periods import Change, Period
from adminpanel.overview.queries import Day
from adminpanel.overview.totals import BooksRow, Volume
from ledger import kinds
from ledger.kinds import Kind
from ledger.models import Transaction
from ledger.querysets import nairobi_day
from ledger.status import BADGES, Status
from wallet.web.http import MemberRequest, render_part

LATEST = 10
COUNT, VALUE = "count", "value"


class Trend(NamedTuple):
    """A chart, and its numbers for the table below. With `is_money` they are cents.

    Each day has the URL of its transactions, if there are any. Days of sign-ups have none.
    """

    name: str
    title: str
    is_money: bool
    days: list[tuple[Day, charts.Pair, str]]
    chart: charts.Chart
    now: int
    before: int


class Tile(NamedTuple):
    """Successful transactions of one kind: of all time or the chosen period, and the change."""

    kind: Kind
    volume: Volume
    today: Volume
    change: Change | None
    url: str

    @property
    def noun(self) -> str:
        return str(self.kind.noun % self.volume.count)


@require_safe
@panel_page
def overview(request: MemberRequest) -> HttpResponse:
    """What needs attention, totals, the books, charts of two weeks, and latest transactions."""
    by, name = request.GET.get("by", VALUE), request.GET.get("period", "")
    part = "trends" if request.htmx.target == "trends" else "latest"
    preset = periods.BY_NAME.get(name)
    period = preset.of(nairobi_day()) if preset else None
    is_known = by in (COUNT, VALUE) and bool(preset or not name)
    # Callables, so that a request for a part queries only what the part shows.
    position = functools.cache(lambda: queries.position(period and period.before_first))
    books = functools.cache(lambda: totals.books(position().totals))
    summary = functools.cache(lambda: totals.summary(position().totals))
    difference_cents = functools.cache(lambda: difference(books()))
    failed = functools.cache(failed_checks)
    context = {
        "by": by,
        "is_by_known": by in (COUNT, VALUE),
        "is_period_known": bool(preset or not name),
        "presets": periods.PRESETS,
        "preset": preset,
        "period": period,
        "processing": BADGES[Status.PENDING],
        "summary": summary,
        "books": books,
        "difference_cents": difference_cents,
        "tiles": lambda: tiles(position(), period),
        "attention": lambda: attention.items(
            request.user,
            difference_cents=difference_cents(),
            failed=failed(),
            pending=summary().pending,
        ),
        "failed_checks": failed,
        "last_check_at": queries.last_check_at,
        "trends": lambda: trends(position(), is_money=by != COUNT),
        "records": Transaction.objects.with_parties().with_reversal()[:LATEST],
    }
    status = 200 if is_known else 422
    return render_part(request, "adminpanel/overview.html", context, part=part, status=status)


def tiles(position: queries.Position, period: Period | None) -> list[Tile]:
    """A tile of each kind: of this period, or of all time and the change of today."""
    ever = totals.volumes_by_kind(position.totals)
    compared = period or periods.today(position.today)
    found = []
    for kind in kinds.every():
        if kind.is_stray or kind.is_correction or kind.moves_own or kind.is_ours:
            continue
        # These are rare: most sites never have one.
        if kind.takes_part and not ever[kind.code].count:
            continue
        now = position.between(kind.code, compared.first, compared.last)
        before = position.between(kind.code, compared.before_first, compared.before_last)
        changed = periods.change(now.amount_cents, before.amount_cents)
        volume = now if period else ever[kind.code]
        found.append(Tile(kind, volume, now, changed, ledger_url(kind, period)))
    return found


def ledger_url(kind: Kind, days: Period | tuple[date, date] | None) -> str:
    """The kind's successful transactions, of all time or settled on these days."""
    query = {"type": kind.code, "status": Status.SUCCESS.value}
    if days:
        query |= {"by": "settled", "from": days[0].isoformat(), "to": days[1].isoformat()}
    return f"{reverse('adminpanel:ledger')}?{urlencode(query)}"


def difference(books: list[BooksRow]) -> int:
    """Assets minus liabilities, in cents. Requests a run of the checks if it isn't zero."""
    cents = sum(row.cents for row in books)
    if cents:
        request_unless_known()
    return cents


def trends(position: queries.Position, *, is_money: bool) -> list[Trend]:
    """Charts of the kinds that members can make, and of sign-ups. Sign-ups are always counts."""
    shown = [kind for kind in kinds.every() if kind.page]
    return [
        *(trend(kind, position.of_type(kind.code), is_money=is_money) for kind in shown),
        trend(None, queries.sign_ups(position.today), is_money=False),
    ]


def trend(kind: Kind | None, days: list[Day], *, is_money: bool) -> Trend:
    """The chart of a kind, or of sign-ups."""

    def measure(volume: Volume) -> int:
        return volume.amount_cents if is_money else volume.count

    values = [(measure(day.before), measure(day.now)) for day in days]
    chart = charts.bars(values, unit=100 if is_money else 1)
    urls = [ledger_url(kind, (day.day, day.day)) if kind and day.now.count else "" for day in days]
    return Trend(
        kind.code.lower() if kind else "signups",
        str(kind.plural) if kind else _("Sign-ups"),
        is_money,
        list(zip(days, chart.pairs, urls, strict=True)),
        chart,
        now=sum(now for _before, now in values),
        before=sum(before for before, _now in values),
    )
