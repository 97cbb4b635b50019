"""Items in suspense: the way back to the payer, and what became of them."""

from __future__ import annotations

from typing import NamedTuple

from ledger.models import Attempt, Transaction

# As `ledger/payouts/outcomes.py` names a stray payment of an attempt.
STRAY = "stray "


class WayBack(NamedTuple):
    """The rail that an item came over, and the payer's phone (E.164) if it's known."""

    rail_code: str
    phone: str


def find_way_back(item: Transaction) -> WayBack:
    """How an item's money can go back. `rail_code` is empty if it came over no rail."""
    deposit = item.reverses
    rail_code = item.rail or (deposit.rail if deposit else "")
    attempts = Attempt.objects.filter(transaction=deposit)
    key = item.idempotency_key or ""
    if deposit is None:
        attempts = Attempt.objects.filter(rail=rail_code, reference=key.removeprefix(STRAY))
    if attempt := attempts.first():
        return WayBack(rail_code, attempt.phone)
    # A deposit that settled instantly has no attempt.
    payer = deposit.to_account.user if deposit and deposit.to_account else None
    return WayBack(rail_code, (payer.phone or "") if payer else "")
