"""The longer statements: what each kind of transaction demands, and the guards."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ledger import guards

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
        ('WITHDRAW', 'FAILED',  4, 1, 1, 0, 0, 0, 1, 1))"""
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


def values(rows: Iterable[tuple[str, ...]]) -> str:
    """Literal rows of text for SQL."""
    quoted = (", ".join("'" + text.replace("'", "''") + "'" for text in row) for row in rows)
    return "VALUES " + ", ".join(f"({row})" for row in quoted)


def packed(text: str) -> str:
    """Without white space, so that a guard may be indented anew."""
    return "".join(text.split())


# (name, body) of each function that PostgreSQL's triggers call.
FUNCTIONS = re.findall(r"FUNCTION (\w+)\(.*?\$\$(.*?)\$\$", guards.POSTGRESQL_FUNCTIONS, re.DOTALL)

GUARDS = {
    "sqlite": f"""
        WITH wanted (name, source) AS (
            {values((n, packed(f"CREATE TRIGGER {n} {b}")) for n, b in guards.SQLITE.items())})
        SELECT name FROM wanted WHERE NOT EXISTS (
            SELECT 1 FROM sqlite_master found
            WHERE found.type = 'trigger' AND found.name = wanted.name
              AND replace(replace(found.sql, char(10), ''), ' ', '') = source)
        ORDER BY name""",
    "postgresql": f"""
        WITH wanted (owner, name) AS ({values(guards.POSTGRESQL)}),
        function (name, body) AS ({values((name, packed(body)) for name, body in FUNCTIONS)})
        SELECT name FROM wanted WHERE NOT EXISTS (
            SELECT 1 FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
            JOIN function ON function.name = proname
                         AND function.body = regexp_replace(prosrc, '\\s', '', 'g')
            WHERE tgname = wanted.name AND tgrelid = to_regclass(owner) AND tgenabled <> 'D')
        ORDER BY name""",
}
