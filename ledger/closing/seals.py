"""Seal what was written in the open books, every few minutes, so that a rewrite of it is found.

A seal holds hashes of the rows with the next ids. It goes up to ids below which no open commit can
still write, so no payment waits for it and none carries a part of its cost: the worker reads each
row once. A transaction that hasn't ended is on a list; the seal after its end covers how it ended.
`verify_ledger` computes the same hashes again (`ledger/verify/seals.py`).
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models import Max
from django.utils import timezone

from ledger.closing import gate
from ledger.closing.canonical import Digest, hash_of, to_line, to_moment
from ledger.closing.sections import (
    APPROVALS,
    AUDIT,
    ENTRIES,
    OPENED,
    ORDERED,
    ORDERS,
    OUTCOMES,
    SETTLED,
    Section,
    long_read,
    read,
)
from ledger.models import Claim, Close, Entry, Seal, Transaction
from ledger.status import Status
from wallet.db.retries import committed
from wallet.errors import Busy
from wallet.models import AuditEvent

WAIT_S = 5
PAUSE_S = 0.02
TABLES = {"orders": Transaction, "entries": Entry, "audit": AuditEvent, "claims": Claim}
# An audit event or a claim draws its id before its transaction has one. But its statement holds
# this lock by then, until the commit.
WRITERS = """
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted
      AND relation IN (CAST('wallet_auditevent' AS regclass), CAST('ledger_claim' AS regclass))
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND pid IS DISTINCT FROM pg_backend_pid()"""

NEW_ORDERS = "record.id > %(orders_after)s AND record.id <= %(orders)s"
NEW_CLAIMS = "claim.id > %(claims_after)s AND claim.id <= %(claims)s"
BY_ENTRY = """
    SELECT entry.created_at, entry.id, entry.transaction_id, entry.account_id, entry.amount_cents,
           entry.balance_after_cents
    FROM ledger_entry entry
    WHERE entry.id > %(entries_after)s AND entry.id <= %(entries)s ORDER BY entry.id"""


class Reach(NamedTuple):
    """From which ids to which a seal goes, and which transactions were open before and after."""

    after: dict[str, int]
    through: dict[str, int]
    waiting_before: list[int]
    waiting: list[int]


def reach_of(seal: Seal) -> Reach:
    before = seal.previous.content if seal.previous else None
    return Reach(
        before["through"] if before else dict.fromkeys(TABLES, 0),
        seal.content["through"],
        before["waiting"] if before else [],
        seal.content["waiting"],
    )


def seal_due() -> Seal | None:
    """Seal what is new, if the newest seal is old enough. Returns the seal, if it made one."""
    newest = Seal.objects.order_by("-number").first()
    pause = timedelta(seconds=settings.SEAL_EVERY_S)
    if newest and timezone.now() - newest.at < pause:
        return None
    return seal(newest)


def seal(newest: Seal | None) -> Seal | None:
    """The next link after `newest`. None if nothing is new, or if a writer takes too long."""
    before = newest.content if newest else None
    after = before["through"] if before else dict.fromkeys(TABLES, 0)
    waiting_before = before["waiting"] if before else []
    through = safe_ids()
    if through is None:
        return None
    # An id that was drawn before it and rolled back may have been the last one.
    through = {name: max(after[name], last) for name, last in through.items()}
    open_ones = Transaction.objects.in_status(Status.PENDING).order_by("pk")
    waiting = list(open_ones.filter(pk__lte=through["orders"]).values_list("pk", flat=True))
    if through == after and waiting == waiting_before:
        return None
    reach = Reach(after, through, waiting_before, waiting)
    content = {"through": through, "waiting": waiting, "sections": digests(reach)}
    return add(newest, content)


@committed
def add(newest: Seal | None, content: dict[str, Any]) -> Seal | None:
    """Write the link. None if another worker was first: the unique number decides."""
    if Seal.objects.order_by("-number").first() != newest:
        return None
    close = Close.objects.newest()
    made = Seal(
        number=newest.number + 1 if newest else 1,
        previous=newest,
        at=timezone.now(),
        content=content | {"close": close.hash if close else ""},
    )
    made.hash = hash_of(facts_of(made))
    made.save(force_insert=True)
    return made


def facts_of(seal: Seal) -> dict[str, Any]:
    """All that the hash of a seal covers."""
    return {
        "number": seal.number,
        "previous": seal.previous.hash if seal.previous else "",
        "at": to_moment(seal.at),
        "content": seal.content,
    }


def safe_ids() -> dict[str, int] | None:
    """The highest ids below which nothing can still appear. None if a writer takes too long.

    An order draws its id after it has locked its accounts, so its database transaction has an id
    by then, and ends before we go on.
    """
    found = {
        name: model._default_manager.aggregate(last=Max("pk"))["last"] or 0
        for name, model in TABLES.items()
    }
    if connection.vendor != "postgresql":
        return found
    deadline = time.monotonic() + WAIT_S
    still_open = open_writers()
    while still_open:
        if time.monotonic() > deadline:
            return None
        time.sleep(PAUSE_S)
        still_open &= open_writers()
    try:
        gate.wait_for_writers()
    except Busy:
        return None
    return found


def open_writers() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(WRITERS)
        return {name for (name,) in cursor.fetchall()}


def digests(reach: Reach) -> dict[str, list[int | str]]:
    """The number of rows and the hash of each section."""
    found = {}
    with long_read():
        for section, sqls in by_ids(reach):
            digest = Digest()
            for sql in sqls:
                for row in read(sql, params(reach)):
                    digest.add(to_line(row, section.moments, section.documents))
            found[section.name] = digest.value()
    return found


def by_ids(reach: Reach) -> list[tuple[Section, list[str]]]:
    """The sections of a close, with the conditions of a seal in place of a day's."""
    ended = f"({NEW_ORDERS} OR {is_one_of(reach.waiting_before)})"
    ended += f" AND NOT {is_one_of(reach.waiting)}"
    approvals = [
        sql.replace(SETTLED, ended).replace(ORDERED, ended).replace(OPENED, NEW_CLAIMS)
        for sql in APPROVALS.sqls
    ]
    return [
        (ENTRIES, [BY_ENTRY]),
        (ORDERS, [sql.replace(ORDERED, NEW_ORDERS) for sql in ORDERS.sqls]),
        (OUTCOMES, [sql.replace(SETTLED, ended) for sql in OUTCOMES.sqls]),
        (APPROVALS, approvals),
        (AUDIT, [sql.replace("%(after)s", "%(audit_after)s").replace("%(through)s", "%(audit)s")
                 for sql in AUDIT.sqls]),
    ]  # fmt: skip


def is_one_of(ids: list[int]) -> str:
    """SQL. There is always one, so that the list is never empty."""
    return f"record.id IN ({', '.join(map(str, ids or [0]))})"


def params(reach: Reach) -> dict[str, int]:
    return reach.through | {f"{name}_after": last for name, last in reach.after.items()}
