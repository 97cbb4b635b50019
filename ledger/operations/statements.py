"""The statements of a money operation, as SQL.

Written out because building them through the ORM costs more than running them (`make bench`
shows it), and because this is the one place where exactly what is sent matters. The same text
runs on both engines; SQLite has no row locks and needs none, since BEGIN IMMEDIATE takes its
one write lock. They go to the database in two trips: what is read, and what is written with
the COMMIT. Each trip takes one order or several that share a transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from django.db import connection

from ledger import kinds
from ledger.models import Attempt, Transaction
from ledger.operations.orders import Placed
from ledger.operations.rules import Holding
from ledger.querysets import day_start, next_day_start
from ledger.status import Status
from wallet.db import pipeline
from wallet.db.pipeline import Row, Statement, Value
from wallet.db.waits import Name

HOLDINGS = """
    SELECT account.id, account.balance_cents, account.is_frozen, owner.is_active,
           owner.phone, owner.phone_changed_at
    FROM wallet_account account JOIN wallet_user owner ON owner.id = account.user_id
    WHERE account.id IN {ids} ORDER BY account.id"""

VERSIONS = "SELECT id, xmin::text, xmax::text FROM wallet_account WHERE id IN {ids}"

# What counts to the daily limit: here alone. The day has an end for PostgreSQL's planner, which
# takes an open one for a third of all time and then plans each order anew.
SENT = """
    SELECT CAST(COALESCE(SUM(amount_cents), 0) AS BIGINT) FROM ledger_transaction
    WHERE from_account_id = %s AND created_at >= %s AND created_at < %s
      AND status <> 'FAILED'{uncounted}"""
EARLIER = "SELECT id FROM ledger_transaction WHERE created_by_id = %s AND idempotency_key = %s"
LAST_AT = "SELECT created_at FROM ledger_entry WHERE account_id = %s ORDER BY id DESC LIMIT 1"

# Taken beforehand, so that all that is written can go without waiting for an answer.
NEXT_ID = {
    "postgresql": "nextval('ledger_transaction_id_seq')",
    "sqlite": """(
        SELECT COALESCE(MAX(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'ledger_transaction')""",
}
IDS_ARE_DRAWN = connection.vendor == "postgresql"

ADD_TO_BALANCES = """
    UPDATE wallet_account SET balance_cents = balance_cents + CASE id {changes} END
    WHERE id IN {ids}"""
CHANGE = "WHEN %s THEN CAST(%s AS BIGINT) "

INSERT_TRANSACTIONS = """
    INSERT INTO ledger_transaction
        (id, reference, type, rail, status, amount_cents, from_account_id, to_account_id,
         description, created_by_id, idempotency_key, reverses_id, created_at, settled_at)
    VALUES """
TRANSACTION_COLUMNS = 14

INSERT_ENTRIES = """
    INSERT INTO ledger_entry
        (transaction_id, account_id, amount_cents, balance_after_cents, created_at)
    VALUES """
ENTRY_COLUMNS = 5

INSERT_ATTEMPTS = """
    INSERT INTO ledger_attempt
        (transaction_id, rail, reference, phone, state, approvals_needed, approvals_given, rail_id,
         failure_code, failure_words, next_look_at, looks, fence, created_at)
    VALUES """
ATTEMPT_COLUMNS = 14


class Hold(StrEnum):
    """What is done about accounts while they are read, as SQL.

    The owner's row is shared, so that somebody who is being deactivated is waited for.
    """

    NOTHING = ""
    WAIT = " FOR UPDATE OF account FOR SHARE OF owner"
    SKIP = " FOR UPDATE OF account SKIP LOCKED FOR SHARE OF owner SKIP LOCKED"


class Facts(NamedTuple):
    """What the books say about an order: the transaction that its key already names, what left the
    source on its day, the times of its accounts' last entries, and the id of its transaction if it
    is carried out; and the answer to its precondition."""

    earlier_id: int | None
    sent_cents: int
    source_last_at: datetime | str | None
    target_last_at: datetime | str | None
    next_id: int = 0
    answer: list[Row] | None = None

    @property
    def last_at(self) -> datetime | None:
        """When an entry was last written on one of its accounts."""
        times = [to_time(at) for at in (self.source_last_at, self.target_last_at) if at]
        return max(times, default=None)


def read(batch: Sequence[Placed], day: date, hold: Hold) -> tuple[dict[int, Holding], list[Facts]]:
    """The member accounts of these orders by id, and the facts of each; held until commit.

    Lowest id first, so that two opposite transfers wait instead of deadlocking. The facts are
    read by statements of their own, which start once the accounts are held, and so is the answer
    to a precondition. An account that was skipped, or that doesn't exist, isn't in the answer.
    """
    ids = sorted({id for placed in batch for id in placed.order.account_ids})
    asked = [Statement(holdings_sql(len(ids), hold), ids)]
    for placed in batch:
        asked.append(Statement(facts_sql(uncounted(), bool(hold)), about(placed, day)))
        if placed.precondition:
            asked.append(placed.precondition.statement)
    answers = iter(pipeline.ask(*asked))
    rows = next(answers)
    holdings = {
        row[0]: Holding(row[0], row[1], bool(row[2]), bool(row[3]), *row[4:]) for row in rows
    }
    facts = []
    for position, placed in enumerate(batch):
        each = Facts(*next(answers)[0])
        if placed.precondition:
            each = each._replace(answer=next(answers))
        if not IDS_ARE_DRAWN:
            # SQLite gives the same id until it is used.
            each = each._replace(next_id=each.next_id + position)
        facts.append(each)
    return holdings, facts


def read_facts(placed: Placed, day: date) -> Facts:
    """The facts by themselves, while the accounts are held already."""
    [[row]] = pipeline.ask(Statement(facts_sql(uncounted(), True), about(placed, day)))
    return Facts(*row)


def sent_cents(account_id: int, day: date) -> int:
    """What left this account on this Nairobi day, as the daily limit counts it."""
    about = (account_id, day_start(day), next_day_start(day))
    [[[cents]]] = pipeline.ask(Statement(sent_sql(uncounted()), about))
    return int(cents)


def uncounted() -> tuple[str, ...]:
    """The kinds that don't count to the daily limit."""
    return tuple(kind.code for kind in kinds.every() if not kind.counts_to_daily_limit)


def held_versions(ids: Sequence[int]) -> dict[Name, object]:
    """Those of these accounts that another session holds now, each with its row's version.

    A version changes with each session that locks or changes the row.
    """
    versions, free = pipeline.ask(
        Statement(VERSIONS.format(ids=rows_sql(1, len(ids))), ids),
        Statement(holdings_sql(len(ids), Hold.SKIP), ids),
    )
    is_free = {row[0] for row in free}
    return {id: version for id, *version in versions if id not in is_free}


def database_version() -> object:
    """SQLite's own: it changes with each commit of another connection."""
    return pipeline.ask(Statement("PRAGMA data_version"))


def about(placed: Placed, day: date) -> tuple[Value, ...]:
    """The parameters of the facts."""
    source_id, target_id = placed.order.source_id, placed.order.target_id
    of_day = (day_start(day), next_day_start(day))
    return (placed.actor_id, placed.key, source_id, *of_day, source_id, target_id)


def to_time(at: datetime | str) -> datetime:
    """SQLite returns naive UTC datetimes, as text."""
    if isinstance(at, str):
        at = datetime.fromisoformat(at)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def write(
    carried_out: Sequence[tuple[Placed, Transaction]], holdings: Mapping[int, Holding]
) -> None:
    """Write the balances, the transactions and their entries, by the commit at the latest."""
    changes: list[Value] = []
    changed_ids: list[Value] = []
    rows: list[Value] = []
    lines: list[Value] = []
    attempts: list[Value] = []
    for placed, record in carried_out:
        at = record.created_at
        rows += (record.pk, record.reference, record.type, record.rail, record.status)
        rows += (record.amount_cents, record.from_account_id, record.to_account_id)
        rows += (record.description, record.created_by_id, record.idempotency_key)
        rows += (record.reverses_id, at, record.settled_at)
        for account_id, cents in placed.order.postings(is_settled=record.settled_at is not None):
            after = None
            if held := holdings.get(account_id):
                after = held.balance_cents + cents
                changes += (account_id, cents)
                changed_ids.append(account_id)
            lines += (record.pk, account_id, cents, after, at)
        if record.status == Status.PENDING:
            attempts += columns_of(record.attempt)
    written = [
        Statement(INSERT_TRANSACTIONS + rows_sql(len(carried_out), TRANSACTION_COLUMNS), rows)
    ]
    # A deposit that waits for its rail has moved nothing yet.
    if changed_ids:
        written.insert(0, Statement(add_sql(len(changed_ids)), changes + changed_ids))
    if lines:
        written.append(insert_entries(lines))
    if attempts:
        count = len(attempts) // ATTEMPT_COLUMNS
        written.append(Statement(INSERT_ATTEMPTS + rows_sql(count, ATTEMPT_COLUMNS), attempts))
    pipeline.send(*written)


def columns_of(attempt: Attempt) -> tuple[Value, ...]:
    """The row of a new attempt. Its transaction's id was drawn beforehand."""
    one = attempt
    return (
        *(one.transaction.pk, one.rail, one.reference, one.phone, one.state),
        *(one.approvals_needed, 0, "", "", "", one.next_look_at, 0, 0, one.created_at),
    )


def insert_entries(values: Sequence[Value]) -> Statement:
    count = len(values) // ENTRY_COLUMNS
    return Statement(INSERT_ENTRIES + rows_sql(count, ENTRY_COLUMNS), values)


@lru_cache
def sent_sql(uncounted: tuple[str, ...]) -> str:
    return SENT.format(uncounted="".join(f" AND type <> '{code}'" for code in uncounted))


@lru_cache
def facts_sql(uncounted: tuple[str, ...], draws_id: bool) -> str:
    facts = (
        f"SELECT ({EARLIER}) AS earlier_id, ({sent_sql(uncounted)}) AS sent_cents,"
        f" ({LAST_AT}) AS source_last_at, ({LAST_AT}) AS target_last_at"
    )
    return f"{facts}, {NEXT_ID[connection.vendor]} AS id" if draws_id else facts


@lru_cache
def holdings_sql(count: int, hold: Hold) -> str:
    sql = HOLDINGS.format(ids=rows_sql(1, count))
    return sql + hold if connection.features.has_select_for_update else sql


@lru_cache
def add_sql(count: int) -> str:
    return ADD_TO_BALANCES.format(changes=CHANGE * count, ids=rows_sql(1, count))


@lru_cache
def rows_sql(rows: int, columns: int) -> str:
    """`(%s, %s), (%s, %s)` is two rows of two columns."""
    row = f"({', '.join(['%s'] * columns)})"
    return ", ".join([row] * rows)
