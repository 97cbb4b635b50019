"""The worker takes what is claimed from each deposit, right after it.

Deposits don't wait for this and know nothing of claims: their entries are the queue. The commit
that takes money also writes a `ClaimTaking`, unique for claim and deposit. So a crash or a second
worker takes nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Exists, OuterRef

from ledger import operations
from ledger.kinds import DEPOSIT
from ledger.models import Claim, ClaimTaking, Entry
from wallet.errors import Busy
from wallet.failures import Failures
from wallet.stopping import IsStopping, never

# Limits the work of one turn of the worker, for each claim.
DEPOSITS_PER_TURN = 100


def take_due(is_stopping: IsStopping = never) -> int:
    """Take from all deposits since the last time. Returns how many it looked at.

    A failure doesn't stop the others; raises an ExceptionGroup of all failures.
    """
    looked_at = 0
    failures = Failures("claims could not be taken")
    for claim_id, cause_id in due():
        if is_stopping():
            break
        with failures.of(f"claim {claim_id}, deposit {cause_id}"):
            try:
                operations.take_claim(claim_id=claim_id, cause_id=cause_id)
            except Busy:
                continue
        looked_at += 1
    failures.raise_all()
    return looked_at


def due() -> Iterator[tuple[int, int]]:
    """Open claims, the oldest first, each with the deposits that it hasn't looked at."""
    for claim in Claim.objects.open().order_by("pk"):
        entries = Entry.objects.filter(
            account=claim.account_id,
            pk__gt=claim.after_id,
            amount_cents__gt=0,
            transaction__type=DEPOSIT.code,
        )
        seen = ClaimTaking.objects.filter(claim=claim, cause=OuterRef("transaction"))
        fresh = entries.filter(~Exists(seen)).order_by("pk")
        for cause_id in fresh.values_list("transaction", flat=True)[:DEPOSITS_PER_TURN]:
            yield claim.pk, cause_id
