"""Delete rows that are no longer needed, without getting in the way of payments."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from wallet.db.retries import committed


def sweep(rows: QuerySet[Any]) -> int:
    """Delete these rows; returns how many. Raises Busy.

    A read first, because even a DELETE that finds nothing takes SQLite's only write lock.
    """
    return delete(rows) if rows.exists() else 0


@committed
def delete(rows: QuerySet[Any]) -> int:
    # Without the rows that it counts along, which cascade.
    _all, by_model = rows.delete()
    return int(by_model.get(rows.model._meta.label, 0))
