"""The statement that reads a price from the tariff: a member's fee, or a rail's charge."""

from __future__ import annotations

from datetime import date

from ledger.models.tariffs import Purpose
from ledger.operations.orders import Order
from wallet.db.pipeline import Statement

# What the tariff of the day asks. Only orders that may have a fee ask for it.
FEE = """
    SELECT COALESCE((
        SELECT fee_cents FROM ledger_band
        WHERE tariff_id = (
            SELECT id FROM ledger_tariff
            WHERE purpose = %s AND rail = %s AND type = %s AND from_date <= %s
            ORDER BY from_date DESC, id DESC LIMIT 1)
          AND from_cents <= %s
        ORDER BY from_cents DESC LIMIT 1), 0)"""


def fee_query(order: Order, day: date) -> Statement:
    rail_code = order.rail.code if order.rail else ""
    return tariff_query(Purpose.FEE, rail_code, order.kind.code, day, order.amount_cents)


def tariff_query(
    purpose: Purpose, rail_code: str, type: str, day: date, amount_cents: int
) -> Statement:
    """Asks what the tariff of this day says for this amount, in cents: 0 without a tariff."""
    return Statement(FEE, (purpose.value, rail_code, type, day.isoformat(), amount_cents))
