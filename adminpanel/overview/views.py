"""The overview: the panel's first page."""

from __future__ import annotations

import functools
from typing import NamedTuple

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from adminpanel.access import panel_page
from adminpanel.integrity.operations import request_unless_known
from adminpanel.overview import charts, queries, totals
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
    """A chart, and its numbers for the table below. With `is_money` they are cents."""

    name: str
    title: str
    is_money: bool
    days: list[tuple[Day, charts.Pair]]
    chart: charts.Chart
    now: int
    before: int


class Tile(NamedTuple):
    """Successful transactions of one kind: all, and today's."""

    kind: Kind
    volume: Volume
    today: Volume

    @property
    def noun(self) -> str:
        return str(self.kind.noun % self.volume.count)


@require_safe
@panel_page
def overview(request: MemberRequest) -> HttpResponse:
    """What needs attention, totals, the books, charts of two weeks, and latest transactions."""
    by = request.GET.get("by", VALUE)
    part = "trends" if request.htmx.target == "trends" else "latest"
    # Callables, so that a request for a part queries only what the part shows.
    position = functools.cache(queries.position)
    books = functools.cache(lambda: totals.books(position().totals))
    context = {
        "by": by,
        "is_by_known": by in (COUNT, VALUE),
        "processing": BADGES[Status.PENDING],
        "summary": lambda: totals.summary(position().totals),
        "books": books,
        "difference_cents": functools.cache(lambda: difference(books())),
        "tiles": lambda: tiles(position()),
        "payouts": lambda: queries.payouts(request.user),
        "proposals": lambda: queries.proposals(request.user),
        "corrections": lambda: queries.corrections(request.user),
        "incidents": queries.open_incidents,
        "passwords": queries.expiring_passwords(nairobi_day()),
        "last_check_at": queries.last_check_at,
        "trends": lambda: trends(position(), is_money=by != COUNT),
        "records": Transaction.objects.with_parties().with_reversal()[:LATEST],
    }
    status = 200 if context["is_by_known"] else 422
    return render_part(request, "adminpanel/overview.html", context, part=part, status=status)


def tiles(position: queries.Position) -> list[Tile]:
    volumes = totals.volumes_by_kind(position.totals)
    return [
        Tile(kind, volumes[kind.code], position.of_type(kind.code)[-1].now)
        for kind in kinds.every()
        if not (kind.is_stray or kind.is_correction or kind.moves_own or kind.is_ours)
    ]


def difference(books: list[BooksRow]) -> int:
    """Assets minus liabilities, in cents. Requests a run of the checks if it isn't zero."""
    cents = sum(row.cents for row in books)
    if cents:
        request_unless_known()
    return cents


def trends(position: queries.Position, *, is_money: bool) -> list[Trend]:
    """Charts of the kinds that members can make, and of sign-ups. Sign-ups are always counts."""
    return [
        *(
            trend(kind.code.lower(), str(kind.plural), position.of_type(kind.code), is_money)
            for kind in kinds.every()
            if kind.page
        ),
        trend("signups", _("Sign-ups"), queries.sign_ups(position.today), False),
    ]


def trend(name: str, title: str, days: list[Day], is_money: bool) -> Trend:
    def measure(volume: Volume) -> int:
        return volume.amount_cents if is_money else volume.count

    values = [(measure(day.before), measure(day.now)) for day in days]
    chart = charts.bars(values, unit=100 if is_money else 1)
    return Trend(
        name,
        title,
        is_money,
        list(zip(days, chart.pairs, strict=True)),
        chart,
        now=sum(now for _before, now in values),
        before=sum(before for before, _now in values),
    )
