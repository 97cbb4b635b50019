"""The sections of a day: which rows a close proves, in which order, and with which columns.

The first column is the time that says to which day a row belongs. A row is read once; nothing is
kept but one hash for each section and day. Names of members and their contacts aren't among the
columns, because they go when a member leaves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from ledger.closing.canonical import Digest, day_of_hour, to_line, to_moment

BATCH = 2000
# Transactions with an entry in the period: ordered then, or settled then. By two indexes.
TOUCHED = """
    SELECT id FROM ledger_transaction WHERE created_at >= %(start)s AND created_at < %(end)s
    UNION ALL
    SELECT id FROM ledger_transaction
    WHERE settled_at > created_at AND settled_at >= %(start)s AND settled_at < %(end)s"""
ORDERED = "record.created_at >= %(start)s AND record.created_at < %(end)s"
OPENED = "claim.opened_at >= %(start)s AND claim.opened_at < %(end)s"
SETTLED = f"""(record.settled_at = record.created_at AND {ORDERED}
      OR record.settled_at > record.created_at
         AND record.settled_at >= %(start)s AND record.settled_at < %(end)s)"""


@dataclass(frozen=True, slots=True)
class Section:
    """`sqls` are read one after the other. Of their columns, `hidden` last ones aren't hashed."""

    name: str
    sqls: tuple[str, ...]
    moments: tuple[int, ...] = (0,)
    documents: tuple[int, ...] = ()
    hidden: int = 0


ENTRIES = Section(
    "entries",
    (
        f"""
    SELECT entry.created_at, entry.id, entry.transaction_id, entry.account_id, entry.amount_cents,
           entry.balance_after_cents, account.kind
    FROM ledger_entry entry LEFT JOIN wallet_account account ON account.id = entry.account_id
    WHERE entry.created_at >= %(start)s AND entry.created_at < %(end)s
      AND entry.transaction_id IN ({TOUCHED})
    ORDER BY entry.id""",
    ),
    hidden=1,
)
ORDERS = Section(
    "orders",
    (
        f"""
    SELECT record.created_at, record.id, record.reference, record.type, record.rail,
           record.amount_cents, record.fee_cents, record.from_account_id, record.to_account_id,
           record.description, record.created_by_id, record.idempotency_key, record.reverses_id,
           record.resolves_id
    FROM ledger_transaction record WHERE {ORDERED} ORDER BY record.id""",
        # Its own rows, so that the hashes of days without a partial reversal stay as they were.
        f"""
    SELECT record.created_at, record.id, record.part_of_id FROM ledger_transaction record
    WHERE record.part_of_id IS NOT NULL AND {ORDERED} ORDER BY record.id""",
    ),
)
OUTCOMES = Section(
    "outcomes",
    (
        f"""
    SELECT record.settled_at, record.id, record.status, attempt.state, attempt.phone,
           attempt.receipt, attempt.rail_id, attempt.failure_code, arrival.receipt,
           arrival.payer, arrival.account_number, arrival.paid_at
    FROM ledger_transaction record
    LEFT JOIN ledger_attempt attempt ON attempt.transaction_id = record.id
    LEFT JOIN ledger_arrival arrival ON arrival.transaction_id = record.id
    WHERE {SETTLED} ORDER BY record.id""",
    ),
    moments=(0, 11),
)
APPROVALS = Section(
    "approvals",
    (
        f"""
    SELECT record.created_at, record.id, 'reversal', made.id, made.proposed_at, made.decided_at,
           made.transaction_id, made.reason, made.proposed_by_id, made.proposed_by_name,
           made.decided_by_id, made.decided_by_name
    FROM ledger_transaction record
    JOIN adminpanel_reversalproposal made ON record.created_by_id = made.decided_by_id
         AND record.idempotency_key = 'reversal ' || made.id
    WHERE {ORDERED} ORDER BY record.id, made.id""",
        f"""
    SELECT record.created_at, record.id, 'amount', made.id, made.proposed_at, made.decided_at,
           made.amount_cents, CASE WHEN made.may_claim THEN 1 ELSE 0 END
    FROM ledger_transaction record
    JOIN adminpanel_reversalproposal made ON record.created_by_id = made.decided_by_id
         AND record.idempotency_key = 'reversal ' || made.id
    WHERE record.part_of_id IS NOT NULL AND {ORDERED} ORDER BY record.id, made.id""",
        f"""
    SELECT claim.opened_at, claim.id, 'claim', claim.notice_id, claim.opened_at, NULL,
           claim.original_id, claim.account_id, claim.amount_cents, claim.after_id, claim.reason,
           claim.key, claim.proposed_by_id, claim.proposed_by_name, claim.approved_by_id,
           claim.approved_by_name
    FROM ledger_claim claim
    WHERE {OPENED} ORDER BY claim.id""",
        f"""
    SELECT record.created_at, record.id, 'taking', taking.id, taking.at, NULL, taking.claim_id,
           taking.cause_id, taking.cents
    FROM ledger_transaction record JOIN ledger_claimtaking taking ON taking.made_id = record.id
    WHERE record.part_of_id IS NOT NULL AND {ORDERED} ORDER BY record.id""",
        f"""
    SELECT record.created_at, record.id, 'correction', made.id, made.proposed_at, made.decided_at,
           made.act, made.item_id, made.source_id, made.target_id, made.amount_cents, made.rail,
           made.phone, made.reason, made.evidence, made.proposed_by_id, made.proposed_by_name,
           made.decided_by_id, made.decided_by_name
    FROM ledger_transaction record
    JOIN adminpanel_correction made ON record.created_by_id = made.decided_by_id
         AND record.idempotency_key = 'correction ' || made.id
    WHERE {ORDERED} ORDER BY record.id, made.id""",
        f"""
    SELECT record.settled_at, record.id, 'payout', made.id, made.at, NULL, made.decision,
           made.reason, made.fingerprint, made.person_id, made.person_name
    FROM ledger_approval made JOIN ledger_attempt attempt ON attempt.id = made.attempt_id
    JOIN ledger_transaction record ON record.id = attempt.transaction_id
    WHERE {SETTLED} ORDER BY record.id, made.id""",
        f"""
    SELECT record.settled_at, record.id, 'verdict', made.id, made.at, NULL, made.outcome,
           made.receipt, made.evidence, made.person_id, made.person_name
    FROM ledger_verdict made JOIN ledger_attempt attempt ON attempt.id = made.attempt_id
    JOIN ledger_transaction record ON record.id = attempt.transaction_id
    WHERE {SETTLED} ORDER BY record.id, made.id""",
    ),
    moments=(0, 4, 5),
)
# By id and not by time: a close covers all that was written since the close before it.
AUDIT = Section(
    "audit",
    (
        """
    SELECT at, id, action, subject, actor_id, actor_name, reason, ip_address, facts
    FROM wallet_auditevent WHERE id > %(after)s AND id <= %(through)s ORDER BY id""",
    ),
    documents=(8,),
)
OF_BOOKS = (ENTRIES, ORDERS, OUTCOMES, APPROVALS)
EARLIEST = datetime.fromisoformat("1970-01-01T00:00:00+00:00")

# Digests by section and Nairobi day.
type Digests = defaultdict[tuple[str, str], Digest]


def read(sql: str, params: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The rows, a batch at a time: memory stays flat on both engines."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, params)
        while batch := cursor.fetchmany(BATCH):
            yield from batch


def between(start: datetime | None, end: datetime) -> dict[str, Any]:
    adapt = connection.ops.adapt_datetimefield_value
    return {"start": adapt(start or EARLIEST), "end": adapt(end)}


def lines(section: Section, params: dict[str, Any]) -> Iterator[tuple[str, bytes, tuple[Any, ...]]]:
    """The day, the line and the row of each row of a section."""
    for sql in section.sqls:
        for row in read(sql, params):
            seen = row[: -section.hidden] if section.hidden else row
            line = to_line(seen, section.moments, section.documents)
            yield day_of_hour(to_moment(row[0])[:13]), line, row


def digest_books(start: datetime | None, end: datetime) -> tuple[Digests, dict[str, list[int]]]:
    """The digests of a period's books, and what was debited and credited by kind of account."""
    digests: Digests = defaultdict(Digest)
    moved: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    with long_read():
        for section in OF_BOOKS:
            for day, line, row in lines(section, between(start, end)):
                digests[section.name, day].add(line)
                if section is ENTRIES:
                    moved[row[6] or ""][row[4] > 0] += abs(row[4])
    return digests, moved


def digest_audit(after: int, through: int) -> Digests:
    """The digests of these audit events, by the day of each."""
    digests: Digests = defaultdict(Digest)
    with long_read():
        for day, line, _row in lines(AUDIT, {"after": after, "through": through}):
            digests[AUDIT.name, day].add(line)
    return digests


def by_day(digests: Digests) -> dict[str, dict[str, list[int | str]]]:
    """The digests as a close stores them: by day, then by section."""
    found: dict[str, dict[str, list[int | str]]] = defaultdict(dict)
    for (section, day), digest in sorted(digests.items()):
        found[day][section] = digest.value()
    return dict(found)


@contextmanager
def long_read() -> Iterator[None]:
    """Without the statement timeout of pages. No transaction on SQLite: it would block writers."""
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        yield
