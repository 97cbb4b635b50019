"""Money operations. No other module changes a balance.

Each operation is one database transaction, always in the same order: refuse nonsense, lock the
accounts (lowest id first), replay, check under the lock, write. Operations that arrive together
may share a database transaction. Amounts are whole cents.

If the rail answers later, the transaction stays PENDING until `settle` or `fail` ends it.
"""

from ledger.operations.arrivals import Paid, confirm, credit, expect
from ledger.operations.claims import end_claim, open_claim, take_claim
from ledger.operations.corrections import (
    adjust,
    assign,
    refuse_return,
    refuse_sides,
    return_to_payer,
)
from ledger.operations.goals import (
    ask_for_money_early,
    close_goal,
    end_lock_if_over,
    keep_locked,
    lock_goal,
)
from ledger.operations.interest import earned_so_far, pay_interest
from ledger.operations.most import most_now
from ledger.operations.moves import (
    check_payer,
    deposit,
    find_earlier,
    perform,
    preview,
    reverse,
    transfer,
    withdraw,
)
from ledger.operations.orders import Order
from ledger.operations.parts import reverse_part
from ledger.operations.rules import DayLimit, limit_of_day
from ledger.operations.settlement import cancel, fail, settle
from ledger.operations.statements import sent_cents
from ledger.operations.suspense import hold_in_suspense

__all__ = [
    "DayLimit",
    "Order",
    "Paid",
    "adjust",
    "ask_for_money_early",
    "assign",
    "cancel",
    "check_payer",
    "close_goal",
    "confirm",
    "credit",
    "deposit",
    "earned_so_far",
    "end_claim",
    "end_lock_if_over",
    "expect",
    "fail",
    "find_earlier",
    "hold_in_suspense",
    "keep_locked",
    "limit_of_day",
    "lock_goal",
    "most_now",
    "open_claim",
    "pay_interest",
    "perform",
    "preview",
    "refuse_return",
    "refuse_sides",
    "return_to_payer",
    "reverse",
    "reverse_part",
    "sent_cents",
    "settle",
    "take_claim",
    "transfer",
    "withdraw",
]
