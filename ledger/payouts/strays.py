"""Money that a rail moved for an attempt after it had failed, or in another amount than ordered."""

from __future__ import annotations

from ledger import operations
from ledger.kinds import STRAY_IN, STRAY_OUT
from ledger.models import Arrival, Attempt
from ledger.models.rail_events import Finding
from ledger.operations import Paid
from ledger.payouts import receipts


def hold(
    attempt: Attempt, receipt: str, amount_cents: int, finding: Finding, *, may_be_forged: bool
) -> Finding:
    """Put it into suspense, once for each attempt. Another amount or receipt than the first time is
    for people: it may be more money. So is the receipt of another payout: no money has left for it.
    """
    record = attempt.transaction
    if amount_cents <= 0:
        return finding
    if attempt.is_payout and receipts.payout_with(attempt.rail, receipt):
        return Finding.RECEIPT_TAKEN
    words = f"Stray payment of {record.reference}" + (f", receipt {receipt}" if receipt else "")
    made = operations.hold_in_suspense(
        STRAY_OUT if attempt.is_payout else STRAY_IN,
        paid=Paid(attempt.rail, receipt, amount_cents, attempt_id=attempt.pk),
        actor_id=record.created_by_id,
        # With a space, which no key from outside may hold.
        key=f"stray {attempt.reference}",
        description=words,
        resolves_id=record.resolves_id,
        may_be_forged=may_be_forged,
    )
    if not made.is_replay or made.amount_cents != amount_cents:
        return finding
    # Of money that came in, its arrival knows the receipt; of money that went out, its words do.
    known = Arrival.objects.filter(transaction=made).values_list("receipt", flat=True).first()
    is_known = not receipt or receipt == known or made.description == words
    return Finding.DUPLICATE if is_known else Finding.OTHER_RECEIPT
