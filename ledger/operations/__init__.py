"""Money operations. No other module changes a balance.

Each operation is done in one database transaction, always in the same order: refuse nonsense,
lock the accounts lowest id first, replay, check under the lock, write. Operations that come at
the same time may share one. Amounts are whole cents.
"""

from ledger.operations.moves import (
    deposit,
    earlier,
    perform,
    preview,
    reverse,
    transfer,
    withdraw,
)
from ledger.operations.orders import Order

__all__ = [
    "Order",
    "deposit",
    "earlier",
    "perform",
    "preview",
    "reverse",
    "transfer",
    "withdraw",
]
