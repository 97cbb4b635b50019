"""Delete rows that are no longer needed, without getting in the way of payments.

Each kind of such rows is a `Sweep`, beside the code that writes them. `adminpanel/tables/` has the
list of all sweeps, which the worker runs. A batch is one short transaction, and a run works a
fraction of a second and pauses between batches: SQLite has one write lock for everyone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.functional import Promise

from wallet.db.retries import committed

# Rows in one transaction, unless a sweep says otherwise.
TOGETHER = 500
# How long one run goes on. The rest is for the next run.
RUN_S = 0.3
HAS_SKIP_LOCKED = connection.features.has_select_for_update_skip_locked


def delete(rows: QuerySet[Any]) -> int:
    """Delete them. Returns how many, without the rows of other tables that go with them."""
    _all, by_model = rows.delete()
    return int(by_model.get(rows.model._meta.label, 0))


@dataclass(frozen=True, slots=True)
class Sweep:
    """One kind of rows that go once they aren't needed any more.

    `rows` are those to delete now. They are found by the column `by`, which has an index, the
    oldest first. `kept` says how long a row stays and `reason` why. `written_by` says who adds
    rows: it's what decides how fast the table grows without this. `among` are those that the index
    of `by` has, if not all.
    """

    name: str
    rows: Callable[[], QuerySet[Any]]
    by: str
    kept: str | Promise
    reason: str | Promise
    written_by: str | Promise
    forget: Callable[[QuerySet[Any]], int] = field(default=delete)
    together: int = TOGETHER
    among: Q = field(default_factory=Q)

    @property
    def table(self) -> str:
        return str(self.rows().model._meta.db_table)

    def run(self, run_s: float = RUN_S) -> int:
        """Delete batch after batch for about this long. Returns how many rows. Raises Busy."""
        deleted, ends_at = 0, time.monotonic() + run_s
        # A read first, because even a DELETE that finds nothing takes SQLite's only write lock.
        while self.rows().order_by().exists():
            began = time.monotonic()
            batch = self.delete_batch()
            deleted += batch
            now = time.monotonic()
            if batch < self.together or now >= ends_at:
                break
            # Others have the lock for as long as this had it.
            time.sleep(now - began)
        return deleted

    @committed
    def delete_batch(self) -> int:
        """Delete the oldest of them that no other worker is deleting."""
        free = self.rows().select_for_update(skip_locked=HAS_SKIP_LOCKED)
        ids = list(free.order_by(self.by).values_list("pk", flat=True)[: self.together])
        return self.forget(self.rows().model._base_manager.filter(pk__in=ids)) if ids else 0
