"""Shut the books up to a moment, and wait for the transactions that began before.

First the gate: from that commit on the triggers refuse anything dated before `open_from`. Then the
wait: on PostgreSQL a transaction that began earlier may still commit an entry of the closed day.
It has its id by then, so we wait until all such transactions have ended. No payment waits, because
we take no lock that one needs. SQLite has one writer, so there is nothing to wait for.
"""

from __future__ import annotations

import time
from datetime import datetime

from django.db import connection

from ledger.models import Books
from wallet.db.retries import committed
from wallet.errors import Busy
from wallet.models import AuditEvent

WAIT_S = 10
LOOK_EVERY_S = 0.02
# Audit events are written by people: a pause of this length is all that they may notice.
LOCK_AUDIT = "SET LOCAL lock_timeout = '2s'; SELECT wallet_lock_audit()"
# Is a transaction with a lower id still open? Ours and those that only read have no id.
UNDER_WAY = """
    SELECT EXISTS (SELECT FROM pg_snapshot_xip(pg_current_snapshot()) AS id
                   WHERE id < CAST(%s AS xid8))"""


def shut(until: datetime) -> None:
    """Let nothing be dated before this moment. Returns once all that is dated so is committed.

    Raises Busy when a transaction takes longer than WAIT_S. The gate then stays shut, and the next
    call waits again.
    """
    move_gate(until)
    if connection.vendor == "postgresql":
        wait_for_writers()


@committed
def move_gate(until: datetime) -> None:
    if Books.objects.select_for_update().exists():
        Books.objects.filter(open_from__lt=until).update(open_from=until)
    else:
        Books.objects.create(pk=1, open_from=until)


def wait_for_writers() -> None:
    deadline = time.monotonic() + WAIT_S
    with connection.cursor() as cursor:
        # The next id, read after the gate was shut: all lower ones may have passed it.
        cursor.execute("SELECT CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text)")
        [next_id] = cursor.fetchone()
        while time.monotonic() < deadline:
            cursor.execute(UNDER_WAY, [next_id])
            if not cursor.fetchone()[0]:
                return
            time.sleep(LOOK_EVERY_S)
    raise Busy


@committed
def last_audit_id() -> int:
    """The id of the last audit event. None with a lower id is committed later."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(LOCK_AUDIT)
    return AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
