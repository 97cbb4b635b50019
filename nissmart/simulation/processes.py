"""Processes of the product: what they remember, and what a new one doesn't."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connection

from ledger import lookups
from ledger.operations.group_commit import GROUP_COMMIT
from ledger.payouts import keeping, leases, strangers
from ledger.rails.mpesa import gateway
from nissmart.simulation.faults import FAULTS
from wallet.db import retries
from wallet.db.waits import WAITS
from wallet.models import accounts


def restart() -> None:
    """A new process: it has no connection and remembers nothing."""
    FAULTS.revive()
    connection.in_atomic_block = connection.needs_rollback = False
    connection.closed_in_transaction = False
    connection.savepoint_ids, connection.atomic_blocks, connection.run_on_commit = [], [], []
    connection.close()
    renew(GROUP_COMMIT)
    renew(WAITS, settings.WEB_THREADS)
    for together in (leases.next_lease, keeping.keep_request, keeping.write_report):
        renew(together, together.do)
    gateway.token_store.cache_clear()
    strangers.quiet_until = 0.0
    retries.disk_full_at = None
    accounts.wallet_ids.clear()
    lookups.paid.clear()


def renew(one: Any, *args: Any) -> None:
    """Make it as it was at the start, where others hold it by its name."""
    type(one).__init__(one, *args)
