"""The chain: what the hash of a close covers, and adding one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from ledger.closing.canonical import hash_of, to_moment
from ledger.models import Close


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed and who approved, when, and why. `open_items` are sentences of what was open."""

    signed_by_id: int
    signed_by_name: str
    signed_at: datetime
    approved_by_id: int
    approved_by_name: str
    approved_at: datetime
    reason: str = ""
    open_items: list[str] = field(default_factory=list)


def facts_of(close: Close) -> dict[str, Any]:
    """All that the hash of a close covers: its columns, and the hash of the close before it."""
    return {
        "number": close.number,
        "previous": close.previous.hash if close.previous else "",
        "act": close.act,
        "first_day": f"{close.first_day:%Y-%m-%d}",
        "last_day": f"{close.last_day:%Y-%m-%d}",
        "starts_at": to_moment(close.starts_at),
        "ends_at": to_moment(close.ends_at),
        "reopens": close.reopens.hash if close.reopens else "",
        "transactions": close.transactions,
        "entries": close.entries,
        "audit_after": close.audit_after,
        "audit_through": close.audit_through,
        "content": close.content,
        "reason": close.reason,
        "signed_by": [close.signed_by_id, close.signed_by_name, to_moment(close.signed_at)],
        "approved_by": [
            *(close.approved_by_id, close.approved_by_name, to_moment(close.approved_at)),
        ],
        "at": to_moment(close.at),
    }


def add(before: Close | None, signature: Signature, **columns: Any) -> Close:
    """Write the next link. The caller holds the row of the books."""
    close = Close(
        number=before.number + 1 if before else 1,
        previous=before,
        signed_by_id=signature.signed_by_id,
        signed_by_name=signature.signed_by_name,
        signed_at=signature.signed_at,
        approved_by_id=signature.approved_by_id,
        approved_by_name=signature.approved_by_name,
        approved_at=signature.approved_at,
        reason=signature.reason,
        at=timezone.now(),
        **columns,
    )
    close.hash = hash_of(facts_of(close))
    close.save(force_insert=True)
    return close
