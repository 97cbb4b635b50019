"""Put a tariff in force."""

from __future__ import annotations

from datetime import date

from ledger import tariffs
from ledger.models import Tariff
from ledger.querysets import nairobi_day
from wallet.context import SYSTEM

# KES 10 from KES 1 on, KES 25 from KES 500 on.
BANDS = ((1_00, 10_00), (500_00, 25_00))


def price(
    *bands: tuple[int, int],
    rail: str = "simulated",
    from_date: date | None = None,
    purpose: Tariff.Purpose = Tariff.Purpose.FEE,
) -> Tariff:
    """A tariff of withdrawals, from today unless said otherwise."""
    return tariffs.publish(
        SYSTEM.because("As agreed"),
        purpose=purpose,
        rail_code=rail,
        type="WITHDRAW",
        from_date=from_date or nairobi_day(),
        bands=bands,
    )
