"""What the model of payouts believes of one of them."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.models import Attempt


@dataclass
class Payout:
    """What a payout is, by plain words. `rail` is what the rail did: nothing, paid or failed."""

    attempt: Attempt
    amount: int
    needed: int
    fails: bool
    state: str
    approved_by: set[int]
    rail: str = ""
    # The rail was sent it, and may not have been: then it may not be cancelled.
    is_doubtful: bool = False
    verdicts: dict[int, str] | None = None
    stray: int = 0

    @property
    def is_open(self) -> bool:
        return self.state not in ("SUCCEEDED", "FAILED", "CANCELLED")
