"""One payment at M-PESA, from the request to its end."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self

from nissmart.sandbox.faults import Fault

STK, C2B, B2C, REVERSAL = "stk", "c2b", "b2c", "reversal"

PENDING, PAID, FAILED = "pending", "paid", "failed"


@dataclass
class Payment:
    """One payment. `request_id` is the merchant's id, or M-PESA's if the merchant sent none.
    `conversation_id` is M-PESA's (for STK the CheckoutRequestID). `receipt` is set from the start,
    so it proves nothing.
    """

    serial: int
    kind: str
    shortcode: str
    phone: str
    name: str
    amount: int
    reference: str
    request_id: str
    conversation_id: str
    receipt: str
    asked_at: datetime
    result_url: str = ""
    timeout_url: str = ""
    faults: tuple[Fault, ...] = ()
    result: str | None = None
    original: str = ""
    state: str = PENDING
    code: str = ""
    charge: int = 0
    ended_at: datetime | None = None

    @property
    def is_paid(self) -> bool:
        return self.state == PAID

    def signed_amount(self) -> int:
        """The amount as it changes the utility account: negative for money out."""
        return self.amount if self.kind in (STK, C2B) else -self.amount

    def to_json(self) -> dict[str, Any]:
        fields = asdict(self)
        for name in ("asked_at", "ended_at"):
            moment = fields[name]
            fields[name] = moment.isoformat() if moment else None
        return fields

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        ended_at = fields["ended_at"]
        known = fields | {
            "asked_at": datetime.fromisoformat(fields["asked_at"]),
            "ended_at": datetime.fromisoformat(ended_at) if ended_at else None,
            "faults": tuple(Fault(name) for name in fields["faults"]),
        }
        return cls(**known)
