"""The longer statements: what each kind of transaction demands, and the guards."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import reduce
from operator import or_

from wallet.db.guards import INSTALLED, Guards

# How many entries of each kind a transaction demands, by its type and status. `paid` and
# `returned` are on its from account, `received` on its to account.
SHAPES = """
    shape (type, status, lines, paid, returned, received, float_down, float_up, transit_up,
           transit_down) AS (VALUES
        ('DEPOSIT',  'SUCCESS', 2, 0, 0, 1, 1, 0, 0, 0),
        ('DEPOSIT',  'PENDING', 0, 0, 0, 0, 0, 0, 0, 0),
        ('DEPOSIT',  'FAILED',  0, 0, 0, 0, 0, 0, 0, 0),
        ('TRANSFER', 'SUCCESS', 2, 1, 0, 1, 0, 0, 0, 0),
        ('TRANSFER', 'PENDING', 0, 0, 0, 0, 0, 0, 0, 0),
        ('TRANSFER', 'FAILED',  0, 0, 0, 0, 0, 0, 0, 0),
        ('WITHDRAW', 'PENDING', 2, 1, 0, 0, 0, 0, 1, 0),
        ('WITHDRAW', 'SUCCESS', 4, 1, 0, 0, 0, 1, 1, 1),
        ('WITHDRAW', 'FAILED',  4, 1, 1, 0, 0, 0, 1, 1),
        ('REVERSAL', 'SUCCESS', 2, 1, 0, 1, 0, 0, 0, 0),
        ('REVERSAL', 'SUCCESS', 2, 1, 0, 0, 0, 1, 0, 0))"""
FLOATS = "('simulated_float')"


def count(account: str, sign: str) -> str:
    """SQL that counts a transaction's entries of its exact amount on one account."""
    return (
        f"SUM(CASE WHEN {account} AND entry.amount_cents = {sign}record.amount_cents"
        " THEN 1 ELSE 0 END)"
    )


FROM, TO = "entry.account_id = record.from_account_id", "entry.account_id = record.to_account_id"
FLOAT, TRANSIT = f"account.kind IN {FLOATS}", "account.kind = 'in_transit'"

SHAPE = f"""
    WITH {SHAPES}, written AS (
        SELECT record.id, record.reference, record.type, record.status, record.amount_cents,
               COUNT(entry.id) AS lines,
               {count(FROM, "-")} AS paid, {count(FROM, "")} AS returned,
               {count(TO, "")} AS received,
               {count(FLOAT, "-")} AS float_down, {count(FLOAT, "")} AS float_up,
               {count(TRANSIT, "")} AS transit_up, {count(TRANSIT, "-")} AS transit_down
        FROM ledger_transaction record
        LEFT JOIN ledger_entry entry ON entry.transaction_id = record.id
        LEFT JOIN wallet_account account ON account.id = entry.account_id
        GROUP BY record.id, record.reference, record.type, record.status, record.amount_cents)
    SELECT id, reference, type, status, amount_cents, lines FROM written
    WHERE NOT EXISTS (
        SELECT 1 FROM shape
        WHERE shape.type = written.type AND shape.status = written.status
          AND shape.lines = written.lines AND shape.paid = written.paid
          AND shape.returned = written.returned AND shape.received = written.received
          AND shape.float_down = written.float_down AND shape.float_up = written.float_up
          AND shape.transit_up = written.transit_up
          AND shape.transit_down = written.transit_down)
    ORDER BY id"""


# An entry's day in Nairobi, where clocks have no summer time.
DAY = {
    "sqlite": "date(entry.created_at, '+3 hours')",
    "postgresql": "CAST(entry.created_at AT TIME ZONE 'Africa/Nairobi' AS date)",
}


def rollups(engine: str) -> str:
    """SQL that finds the days whose roll-ups are not the sums of their folded entries."""
    day = DAY[engine]
    return f"""
    SELECT day || ' ' || type || ' ' || house_id AS name, SUM(debit_cents) AS debit_cents,
           SUM(credit_cents) AS credit_cents, SUM(lines) AS lines
    FROM (
        SELECT {day} AS day, record.type,
               CASE WHEN entry.account_id < 0 THEN entry.account_id ELSE 0 END AS house_id,
               CASE WHEN entry.amount_cents < 0 THEN entry.amount_cents ELSE 0 END AS debit_cents,
               CASE WHEN entry.amount_cents > 0 THEN -entry.amount_cents ELSE 0 END AS credit_cents,
               -1 AS lines
        FROM ledger_entry entry JOIN ledger_transaction record ON record.id = entry.transaction_id
        WHERE entry.id <= (SELECT through_id FROM ledger_rollupmark)
        UNION ALL
        SELECT day, type, house_id, debit_cents, credit_cents, debit_count + credit_count
        FROM ledger_dailytotal) both_sides
    GROUP BY day, type, house_id
    HAVING SUM(debit_cents) <> 0 OR SUM(credit_cents) <> 0 OR SUM(lines) <> 0
    ORDER BY name"""


def values(rows: Iterable[tuple[str, ...]]) -> str:
    """Literal rows of text for SQL."""
    quoted = (", ".join("'" + text.replace("'", "''") + "'" for text in row) for row in rows)
    return "VALUES " + ", ".join(f"({row})" for row in quoted)


def packed(text: str) -> str:
    """Without white space, so that a guard may be indented anew."""
    return "".join(text.split())


# What PostgreSQL adds to the text of a trigger when it tells it, besides space.
ADDED = r"::(text|character varying)(\[\])?|[\s()]"


def as_told(trigger: str) -> str:
    """The text of a trigger in PostgreSQL's words, less what it adds."""
    either = re.sub(r"IN \(([^)]*)\)", r"= ANY (ARRAY[\1])", trigger)
    return re.sub(ADDED, "", either.lower())


def guards(engine: str) -> str:
    """SQL that finds the guards which are not there as this version puts them up."""
    wanted = reduce(or_, INSTALLED)
    return guards_of_sqlite(wanted) if engine == "sqlite" else guards_of_postgresql(wanted)


def guards_of_sqlite(wanted: Guards) -> str:
    triggers = {name: f"CREATE TRIGGER {name} {body}" for name, body in wanted.sqlite.items()}
    return f"""
        WITH wanted (name, source) AS (
            {values((name, packed(source)) for name, source in triggers.items())})
        SELECT name FROM wanted WHERE NOT EXISTS (
            SELECT 1 FROM sqlite_master found
            WHERE found.type = 'trigger' AND found.name = wanted.name
              AND replace(replace(found.sql, char(10), ''), ' ', '') = source)
        ORDER BY name"""


def guards_of_postgresql(wanted: Guards) -> str:
    triggers = (
        (table, name, as_told(f"CREATE TRIGGER {name} {body}"))
        for (table, name), body in wanted.postgresql.items()
    )
    functions = re.findall(
        r"FUNCTION (\w+)\(.*?\$\$(.*?)\$\$", "".join(wanted.functions), re.DOTALL
    )
    return f"""
        WITH wanted (owner, name, source) AS ({values(triggers)}),
        function (name, body) AS ({values((name, packed(body)) for name, body in functions)})
        SELECT name FROM wanted WHERE NOT EXISTS (
            SELECT 1 FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
            JOIN function ON function.name = proname
                         AND function.body = regexp_replace(prosrc, '\\s', '', 'g')
            WHERE tgname = wanted.name AND tgrelid = to_regclass(owner)
              AND tgenabled IN ('O', 'A')
              AND regexp_replace(lower(pg_get_triggerdef(pg_trigger.oid, true)),
                                 '{ADDED}', '', 'g') = source)
        ORDER BY name"""
