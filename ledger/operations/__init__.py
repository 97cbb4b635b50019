"""Money operations. No other module changes a balance.

Each operation is done in one database transaction, always in the same order: refuse nonsense,
lock the accounts lowest id first, replay, check under the lock, write. Operations that come at
the same time may share one. Amounts are whole cents.

An order whose rail answers later leaves a transaction PENDING; `settle` or `fail` ends it.
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
from ledger.operations.settlement import cancel, fail, settle
from ledger.operations.statements import sent_cents
from ledger.operations.suspense import hold_in_suspense

__all__ = [
    "Order",
    "cancel",
    "deposit",
    "earlier",
    "fail",
    "hold_in_suspense",
    "perform",
    "preview",
    "reverse",
    "sent_cents",
    "settle",
    "transfer",
    "withdraw",
]
