"""Write what a rail charged Nissmart for a payout, when it settles."""

from __future__ import annotations

from datetime import datetime

from ledger.kinds import CHARGE, WITHDRAWAL
from ledger.models import Transaction
from ledger.models.tariffs import Purpose
from ledger.operations.orders import Order
from ledger.operations.prices import tariff_query
from ledger.operations.suspense import write_unordered
from ledger.querysets import nairobi_day
from ledger.references import charge_key
from wallet.db import pipeline


def write_charge(payout: Transaction, said_cents: int | None, at: datetime) -> Transaction | None:
    """Write the rail's charge for this payout, in the commit that settles it, so once.

    `said_cents` is what the rail said, if it did; otherwise its tariff counts. Nothing is written
    without a charge. A charge above the amount is not believed: messages of rails may be forged.
    """
    cents = said_cents
    if cents is None or cents > payout.amount_cents:
        [[[cents]]] = pipeline.ask(
            tariff_query(
                # A rail charges the same for whatever it pays out, also money that goes back.
                Purpose.CHARGE,
                payout.rail,
                WITHDRAWAL.code,
                nairobi_day(at),
                payout.amount_cents,
            )
        )
    if not cents:
        return None
    order = Order(
        CHARGE, cents, rail_code=payout.rail, description=f"Charge for {payout.reference}"
    )
    key = charge_key(payout.reference)
    return write_unordered(order, actor_id=payout.created_by_id, key=key, at=at)
