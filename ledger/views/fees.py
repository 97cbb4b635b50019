"""The public page that says what each kind of payment costs."""

from __future__ import annotations

from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ledger import kinds, rails
from ledger.kinds import Kind
from ledger.models import Tariff
from ledger.models.tariffs import Purpose
from ledger.querysets import nairobi_day
from ledger.rails import Rail


class Price(NamedTuple):
    """The fee of amounts from one to another, both included. `to_cents` is None at the top."""

    from_cents: int
    to_cents: int | None
    fee_cents: int


class Prices(NamedTuple):
    """What a kind costs now, and what it will cost from the day of the next tariff."""

    kind: Kind
    now: list[Price]
    next_tariff: Tariff | None
    later: list[Price]

    @property
    def is_free(self) -> bool:
        return not any(price.fee_cents for price in self.now)


@require_safe
def fees(request: HttpRequest) -> HttpResponse:
    """The tariff in force, and the next one if it is known."""
    rail = rails.current()
    ordered = [kind for kind in kinds.every() if kind.page]
    context = {
        "free": [kind for kind in ordered if not kind.has_fee],
        "priced": [prices_of(kind, rail) for kind in ordered if kind.has_fee],
    }
    return render(request, "ledger/fees.html", context)


def prices_of(kind: Kind, rail: Rail) -> Prices:
    today, of = nairobi_day(), (Purpose.FEE, rail.code, kind.code)
    now = price_list(Tariff.objects.in_force(*of, today), rail)
    coming = Tariff.objects.next_after(*of, today)
    # One that changes nothing isn't news.
    while coming and price_list(coming, rail) == now:
        coming = Tariff.objects.next_after(*of, coming.from_date)
    return Prices(kind, now, coming, price_list(coming, rail) if coming else [])


def price_list(tariff: Tariff | None, rail: Rail) -> list[Price]:
    """The bands as people read them: without gaps, and within what the rail carries.

    Neighbours with the same fee are one.
    """
    bands = list(tariff.bands.values_list("from_cents", "fee_cents")) if tariff else []
    lowest, highest, step = rail.lowest_cents, rail.highest_cents, 1 if rail.takes_cents else 100
    if not bands or bands[0][0] > lowest:
        bands.insert(0, (lowest, 0))
    bands = [band for n, band in enumerate(bands) if n == 0 or bands[n - 1][1] != band[1]]
    if highest is not None:
        bands = [band for band in bands if band[0] <= highest]
    ends = [start - step for start, _fee in bands[1:]]
    prices = [
        Price(max(start, lowest), end, fee)
        for (start, fee), end in zip(bands, [*ends, highest], strict=True)
    ]
    return [price for price in prices if price.to_cents is None or price.to_cents >= lowest]
