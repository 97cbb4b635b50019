"""Reversal proposals: make them, find their pages, and read their audit events."""

from __future__ import annotations

from adminpanel.models import ReversalProposal
from adminpanel.reversals import operations as reversals
from ledger.models import Transaction
from wallet.context import Context
from wallet.models import AuditEvent, User

State = ReversalProposal.State


def propose(record: Transaction, by: User, reason: str = "Sent twice.") -> ReversalProposal:
    return reversals.propose(Context(by.pk, reason=reason), transaction_id=record.pk)


def page_of(record: Transaction) -> str:
    """The page that proposes the reversal and shows its outcome."""
    return f"/panel/transactions/{record.reference}/"


def url(proposal: ReversalProposal, act: str = "") -> str:
    return f"/panel/reversals/{proposal.pk}/{act and f'{act}/'}"


def acts(record: Transaction) -> list[tuple[str, str | None]]:
    """(act, who) of each event about the transaction, oldest first."""
    events = AuditEvent.objects.filter(subject=f"transaction {record.reference}")
    rows = events.order_by("pk").values_list("action", "actor__name")
    return list(rows)


def count(record: Transaction, act: str) -> int:
    return [name for name, _who in acts(record)].count(act)


def reversals_of(record: Transaction) -> int:
    return Transaction.objects.filter(reverses=record).count()
