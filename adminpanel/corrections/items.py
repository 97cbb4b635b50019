"""Items in suspense: the way back to the payer, and what became of them."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import Q

from ledger.models import Arrival, Attempt, Transaction

# As `ledger/payouts/strays.py` names a stray payment of an attempt.
STRAY = "stray "


class WayBack(NamedTuple):
    """The rail that an item came over, and the payer's phone (E.164) if it's known."""

    rail_code: str
    phone: str


def find_way_back(item: Transaction) -> WayBack:
    """How an item's money can go back. `rail_code` is empty if it came over no rail."""
    deposit = item.takes_back
    rail_code = item.rail or (deposit.rail if deposit else "")
    attempts = Attempt.objects.filter(transaction=deposit)
    if deposit is None:
        reference = (item.idempotency_key or "").removeprefix(STRAY)
        asked_for = Q(pk__in=Arrival.objects.filter(transaction=item).values("attempt"))
        attempts = Attempt.objects.filter(asked_for | Q(rail=rail_code, reference=reference))
    if attempt := attempts.first():
        return WayBack(rail_code, attempt.phone)
    # A deposit that settled instantly has no attempt.
    payer = deposit.to_account.user if deposit and deposit.to_account else None
    return WayBack(rail_code, (payer.phone or "") if payer else "")
