"""Which rails there are. A new one is imported and registered here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from ledger.rails.mpesa import MPESA
from ledger.rails.rail import Rail
from ledger.rails.simulated import SIMULATED
from wallet import house

RAILS: dict[str, Rail] = {}


def register(rail: Rail) -> None:
    """Make the rail known, and its float one of the house's accounts."""
    assert rail.code not in RAILS
    house.add(rail.float_account)
    RAILS[rail.code] = rail


@contextmanager
def registered(rail: Rail) -> Iterator[Rail]:
    """The rail is known as long as the block lasts."""
    register(rail)
    try:
        yield rail
    finally:
        del RAILS[rail.code]
        house.remove(rail.float_account)


def every() -> list[Rail]:
    return list(RAILS.values())


def of(code: str) -> Rail:
    """The rail of this code, as `Transaction.rail` keeps it. Raises KeyError."""
    return RAILS[code]


def current() -> Rail:
    """The rail that new deposits and withdrawals take: the setting RAIL."""
    if rail := RAILS.get(settings.RAIL):
        return rail
    raise ImproperlyConfigured(f"RAIL={settings.RAIL} is no rail. Choose from: {', '.join(RAILS)}.")


register(SIMULATED)
register(MPESA)
