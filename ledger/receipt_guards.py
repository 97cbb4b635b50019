"""What the database refuses about the way of an attempt's money, and its receipt.

A receipt is taken once each way: money that a forged message says came in under a payout's receipt
must not keep that payout from ending.
"""

from __future__ import annotations

from ledger.attempt_guards import ATTEMPTS, NO_REPLACE, Rule, refusing
from wallet.db.guards import Guards

NOT_ITS_WAY = "an attempt goes the way of its transaction, in or out"

# OR REPLACE would delete the row that has the receipt.
NO_SECOND_RECEIPT = f"""
    WHEN EXISTS (SELECT 1 FROM {ATTEMPTS}
                 WHERE rail = NEW.rail AND receipt = NEW.receipt AND is_payout = NEW.is_payout
                   AND id <> NEW.id)
    BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: {NO_REPLACE}'); END"""
GOES_OTHER_WAY = """
    NEW.is_payout <> (SELECT to_account_id IS NULL FROM ledger_transaction
                      WHERE id = NEW.transaction_id)"""
CHANGES_ITS_WAY = "NEW.is_payout <> OLD.is_payout"
DIRECTIONS = (
    refusing(
        ATTEMPTS, "ledger_attempt_goes_as_ordered", "INSERT", Rule(GOES_OTHER_WAY, "", NOT_ITS_WAY)
    )
    | refusing(
        ATTEMPTS,
        "ledger_attempt_keeps_its_way",
        "UPDATE",
        Rule(CHANGES_ITS_WAY, CHANGES_ITS_WAY, NOT_ITS_WAY),
    )
    | Guards(
        sqlite={
            "ledger_attempt_no_second_receipt": f"""
            BEFORE UPDATE OF receipt ON {ATTEMPTS} {NO_SECOND_RECEIPT}""",
            "ledger_attempt_no_taken_receipt": f"""
            BEFORE INSERT ON {ATTEMPTS} {NO_SECOND_RECEIPT}""",
        }
    )
)
