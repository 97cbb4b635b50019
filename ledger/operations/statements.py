"""The statements of a money operation, as SQL.

It's handwritten because building it through the ORM costs more than running it (see `make
bench`), and because every statement and lock matters here. Both engines run the same text.
SQLite has no row locks and needs none: BEGIN IMMEDIATE takes its single write lock. An order or
a batch makes two trips to the database: one for the reads, one for the writes and the COMMIT.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from django.db import connection

from ledger import kinds
from ledger.models import Attempt, Transaction
from ledger.operations.orders import PlacedOrder
from ledger.operations.prices import fee_query
from ledger.operations.rules import Holding
from ledger.querysets import day_start, next_day_start, to_time
from ledger.status import Status
from wallet.db import pipeline
from wallet.db.pipeline import Row, Statement, Value
from wallet.db.waits import Name

HOLDINGS = """
    SELECT account.id, account.balance_cents, account.is_frozen, owner.is_active,
           owner.phone, owner.phone_changed_at, account.lower_limit_until, account.no_payouts_until,
           owner.phone_proved_at, owner.email_proved_at, owner.prove_by,
           account.kind, account.user_id, account.closed_at, account.is_locked
    FROM wallet_account account JOIN wallet_user owner ON owner.id = account.user_id
    WHERE account.id IN {ids} ORDER BY account.id"""

VERSIONS = "SELECT id, xmin::text, xmax::text FROM wallet_account WHERE id IN {ids}"

# The only definition of what counts towards the daily limit. The day needs an upper bound:
# without one, PostgreSQL expects a third of the table to match and replans for each order.
SENT = """
    SELECT CAST(COALESCE(SUM(amount_cents), 0) AS BIGINT) FROM ledger_transaction
    WHERE from_account_id = %s AND created_at >= %s AND created_at < %s
      AND status <> 'FAILED'{uncounted}"""
EARLIER = "SELECT id FROM ledger_transaction WHERE created_by_id = %s AND idempotency_key = %s"
# Nothing is dated before it. No row while nothing was ever closed.
OPEN_FROM = "SELECT open_from FROM ledger_books"
LAST_AT = "SELECT created_at FROM ledger_entry WHERE account_id = %s ORDER BY id DESC LIMIT 1"
# One time instead of three, because Python parses each. SQLite's MAX of a NULL is NULL.
NOT_BEFORE = {
    "postgresql": f"GREATEST(({LAST_AT}), ({LAST_AT}), ({OPEN_FROM}))",
    "sqlite": f"MAX(IFNULL(({LAST_AT}), ''), IFNULL(({LAST_AT}), ''), IFNULL(({OPEN_FROM}), ''))",
}

# Read in the first trip, so that the writes can go out without waiting for an answer.
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
        (id, reference, type, rail, status, amount_cents, fee_cents, from_account_id, to_account_id,
         description, created_by_id, idempotency_key, reverses_id, created_at, settled_at)
    VALUES """
TRANSACTION_COLUMNS = 15

INSERT_ENTRIES = """
    INSERT INTO ledger_entry
        (transaction_id, account_id, amount_cents, balance_after_cents, created_at)
    VALUES """
ENTRY_COLUMNS = 5

INSERT_ATTEMPTS = """
    INSERT INTO ledger_attempt
        (transaction_id, is_payout, rail, reference, phone, state, approvals_needed, held_because,
         held_above_cents, approvals_given, rail_id, failure_code, failure_words, next_look_at,
         looks, fence, created_at)
    VALUES """
ATTEMPT_COLUMNS = 17


class Hold(StrEnum):
    """How to lock the accounts that a statement reads, as SQL.

    It takes a share lock on the owner's row, so an order waits while its owner is deactivated.
    """

    NOTHING = ""
    WAIT = " FOR UPDATE OF account FOR SHARE OF owner"
    SKIP = " FOR UPDATE OF account SKIP LOCKED FOR SHARE OF owner SKIP LOCKED"


class Facts(NamedTuple):
    """What an order needs to know from the database.

    `earlier_id` is the transaction its key already made. `sent_cents` is what left the source that
    day. `not_before_at` is the later of the last entry on either account and the start of the open
    books. `next_id` becomes the id of its transaction. `answer` answers its precondition.
    `fee_cents` is what the tariff asks.
    """

    earlier_id: int | None
    sent_cents: int
    not_before_at: datetime | str | None
    next_id: int = 0
    answer: list[Row] | None = None
    fee_cents: int = 0

    @property
    def not_before(self) -> datetime | None:
        """The time of the last entry on either account, or the end of the closed days."""
        return to_time(self.not_before_at) if self.not_before_at else None


def read(
    batch: Sequence[PlacedOrder], day: date, hold: Hold
) -> tuple[dict[int, Holding], list[Facts]]:
    """Lock the member accounts of these orders until commit, then read the facts of each order.

    Lowest id first, so that two opposite transfers wait instead of deadlocking. Facts and
    preconditions are separate statements, so that they read what was committed while the lock
    waited. An account that doesn't exist, or that Hold.SKIP skipped, is missing from the result.
    """
    ids = sorted({id for placed in batch for id in placed.order.account_ids})
    queries = [Statement(holdings_sql(len(ids), hold), ids)]
    for placed in batch:
        queries.append(Statement(facts_sql(uncounted(), bool(hold)), fact_params(placed, day)))
        if placed.precondition:
            queries.append(placed.precondition.statement)
        if placed.order.kind.has_fee:
            queries.append(fee_query(placed.order, day))
    answers = iter(pipeline.ask(*queries))
    rows = next(answers)
    holdings = {
        row[0]: Holding(row[0], row[1], bool(row[2]), bool(row[3]), *row[4:]) for row in rows
    }
    facts = []
    for position, placed in enumerate(batch):
        each = Facts(*next(answers)[0])
        if placed.precondition:
            each = each._replace(answer=next(answers))
        if placed.order.kind.has_fee:
            each = each._replace(fee_cents=next(answers)[0][0])
        if not IDS_ARE_DRAWN:
            # SQLite returns the same next id for every order of the batch.
            each = each._replace(next_id=each.next_id + position)
        facts.append(each)
    return holdings, facts


def read_facts(placed: PlacedOrder, day: date) -> Facts:
    """Only the facts. Call it when the accounts are already locked."""
    queries = [Statement(facts_sql(uncounted(), True), fact_params(placed, day))]
    if placed.order.kind.has_fee:
        queries.append(fee_query(placed.order, day))
    [row], *fees = pipeline.ask(*queries)
    facts = Facts(*row)
    return facts._replace(fee_cents=fees[0][0][0]) if fees else facts


def sent_cents(account_id: int, day: date) -> int:
    """What left this account on this Nairobi day, as the daily limit counts it."""
    params = (account_id, day_start(day), next_day_start(day))
    [[[cents]]] = pipeline.ask(Statement(sent_sql(uncounted()), params))
    return int(cents)


def uncounted() -> tuple[str, ...]:
    """The codes of the kinds that don't count towards the daily limit."""
    return tuple(kind.code for kind in kinds.every() if not kind.counts_to_daily_limit)


def locked_versions(ids: Sequence[int]) -> dict[Name, object]:
    """The accounts that another session has locked now, each with its row's version.

    The version changes with each session that locks or changes the row.
    """
    versions, free = pipeline.ask(
        Statement(VERSIONS.format(ids=rows_sql(1, len(ids))), ids),
        Statement(holdings_sql(len(ids), Hold.SKIP), ids),
    )
    is_free = {row[0] for row in free}
    return {id: version for id, *version in versions if id not in is_free}


def fact_params(placed: PlacedOrder, day: date) -> tuple[Value, ...]:
    """The parameters of `facts_sql`."""
    source_id, target_id = placed.order.source_id, placed.order.target_id
    of_day = (day_start(day), next_day_start(day))
    return (placed.actor_id, placed.key, source_id, *of_day, source_id, target_id)


def write(
    carried_out: Sequence[tuple[PlacedOrder, Transaction]], holdings: Mapping[int, Holding]
) -> None:
    """Write balances, transactions and entries, with the commit at the latest."""
    changes: dict[int, int] = {}
    rows: list[Value] = []
    lines: list[Value] = []
    attempts: list[Value] = []
    for placed, record in carried_out:
        at = record.created_at
        rows += (record.pk, record.reference, record.type, record.rail, record.status)
        rows += (record.amount_cents, record.fee_cents)
        rows += (record.from_account_id, record.to_account_id)
        rows += (record.description, record.created_by_id, record.idempotency_key)
        rows += (record.reverses_id, at, record.settled_at)
        is_settled, fee_cents = record.settled_at is not None, record.fee_cents
        for account_id, cents in placed.order.postings(is_settled=is_settled, fee_cents=fee_cents):
            after = None
            if held := holdings.get(account_id):
                # No two orders share an account, but a fee is a second entry on its wallet.
                changes[account_id] = change = changes.get(account_id, 0) + cents
                after = held.balance_cents + change
            lines += (record.pk, account_id, cents, after, at)
        if record.status == Status.PENDING:
            attempts += columns_of(record.attempt)
    inserts = [
        Statement(INSERT_TRANSACTIONS + rows_sql(len(carried_out), TRANSACTION_COLUMNS), rows)
    ]
    # A deposit that waits for its rail has moved nothing yet.
    if changes:
        each_change = [value for change in changes.items() for value in change]
        inserts.insert(0, Statement(add_sql(len(changes)), [*each_change, *changes]))
    if lines:
        inserts.append(insert_entries(lines))
    if attempts:
        count = len(attempts) // ATTEMPT_COLUMNS
        inserts.append(Statement(INSERT_ATTEMPTS + rows_sql(count, ATTEMPT_COLUMNS), attempts))
    pipeline.send(*inserts)


def columns_of(attempt: Attempt) -> tuple[Value, ...]:
    """The row of a new attempt. Its transaction's id was drawn beforehand."""
    one = attempt
    return (
        *(one.transaction.pk, one.is_payout, one.rail, one.reference, one.phone, one.state),
        *(one.approvals_needed, one.held_because, one.held_above_cents),
        *(0, "", "", "", one.next_look_at, 0, 0, one.created_at),
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
        f" {NOT_BEFORE[connection.vendor]} AS not_before_at"
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
