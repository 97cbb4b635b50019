"""Money that came in under a receipt: must the rail confirm it, and was its message forged?"""

from __future__ import annotations

from django.conf import settings

from ledger.models import Arrival, Attempt
from ledger.rails import Rail


def arrival_of(rail_code: str, receipt: str) -> Arrival | None:
    """What is known of the money that came in under this receipt."""
    return Arrival.objects.filter(rail=rail_code, receipt=receipt).first()


def has_to_be_confirmed(rail: Rail, receipt: str, amount_cents: int, known: Arrival | None) -> bool:
    """Does a worker have to ask the rail for this receipt before the money is booked?

    Anyone who knows the callback URL could send the message, so a large one isn't believed. Nor is
    a small one while a large one under the same receipt waits. `known` is the receipt's arrival.
    """
    if not rail.confirms_receipts or not receipt:
        return False
    if known:
        return known.transaction_id is None and known.confirmed_at is None
    believed_cents: int = settings.CONFIRM_ABOVE_CENTS
    return amount_cents > believed_cents


# A receipt names one payment. The payee of a payout may know it before we do, and report money
# "in" under it. Whichever commits later sees both, so each side looks after its commit.


def payout_with(rail_code: str, receipt: str) -> Attempt | None:
    """The payout that has this receipt, so that nothing came in under it."""
    return Attempt.objects.filter(rail=rail_code, receipt=receipt, is_payout=True).first()


def came_in_too(attempt: Attempt, receipt: str) -> bool:
    """Was money booked that came in under the receipt of this payout? A forged message said so."""
    came = Arrival.objects.filter(rail=attempt.rail, receipt=receipt, transaction__isnull=False)
    return attempt.is_payout and came.exists()
