"""The list of rails. Import and register a new rail here."""

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
    """Add the rail, and its float to the house accounts."""
    assert rail.code not in RAILS
    house.add(rail.float_account)
    RAILS[rail.code] = rail


@contextmanager
def registered(rail: Rail) -> Iterator[Rail]:
    """Register the rail for the length of the block."""
    register(rail)
    try:
        yield rail
    finally:
        del RAILS[rail.code]
        house.remove(rail.float_account)


def every() -> list[Rail]:
    return list(RAILS.values())


def of(code: str) -> Rail:
    """The rail with this code, as stored in `Transaction.rail`. Raises KeyError."""
    return RAILS[code]


def current() -> Rail:
    """The rail of new deposits and withdrawals, from the setting RAIL."""
    if rail := RAILS.get(settings.RAIL):
        return rail
    raise ImproperlyConfigured(
        f"RAIL={settings.RAIL} isn't a rail. Choose one of: {', '.join(RAILS)}."
    )


register(SIMULATED)
register(MPESA)
