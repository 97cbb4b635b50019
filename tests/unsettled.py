"""Put transactions in states that the simulated rail, which answers instantly, never leaves."""

from __future__ import annotations

from django.db import connection

from ledger import guards
from ledger.models import Transaction


def with_status(record: Transaction, status: str) -> Transaction:
    """Set the status only, for tests of pages. The entries stay unchanged."""
    settled_at = None if status == "PENDING" else record.settled_at
    guards.remove(connection)
    Transaction.objects.filter(pk=record.pk).update(status=status, settled_at=settled_at)
    guards.install(connection)
    return Transaction.objects.get(pk=record.pk)
