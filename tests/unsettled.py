"""Transactions in states that the simulated rail, which answers at once, never leaves them in."""

from __future__ import annotations

from django.db import connection

from ledger import guards
from ledger.models import Transaction


def as_if(record: Transaction, status: str) -> Transaction:
    """The same transaction in this state, for pages that show it. Its entries stay as they are."""
    settled_at = None if status == "PENDING" else record.settled_at
    guards.remove(connection)
    Transaction.objects.filter(pk=record.pk).update(status=status, settled_at=settled_at)
    guards.install(connection)
    return Transaction.objects.get(pk=record.pk)
