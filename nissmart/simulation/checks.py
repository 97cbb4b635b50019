"""What is compared after each step, and what now and then."""

from __future__ import annotations

from django.db import connection

from ledger import verify
from ledger.querysets import to_time
from nissmart.simulation.explaining import explain, explain_end
from nissmart.simulation.model import Broken, Model, Row
from nissmart.simulation.rail import InProcess

ROWS = """
    SELECT t.id, t.type, t.status, t.amount_cents, t.fee_cents, t.from_account_id,
           t.to_account_id, t.created_by_id, t.idempotency_key, t.reverses_id, t.part_of_id,
           t.resolves_id, t.created_at, a.state, a.reference, a.receipt, a.is_payout
    FROM ledger_transaction t LEFT JOIN ledger_attempt a ON a.transaction_id = t.id
    ORDER BY t.id"""
ACCOUNTS = "SELECT id, balance_cents, is_frozen FROM wallet_account WHERE user_id IS NOT NULL"
HOUSE = """
    SELECT account_id, SUM(amount_cents) FROM ledger_entry WHERE account_id < 0
    GROUP BY account_id"""
WRONG = {
    "entries that don't sum to zero": """
        SELECT transaction_id FROM ledger_entry GROUP BY transaction_id
        HAVING SUM(amount_cents) <> 0""",
    "a broken running balance": """
        SELECT id FROM (
            SELECT id, balance_after_cents,
                   SUM(amount_cents) OVER (PARTITION BY account_id ORDER BY id) AS running
            FROM ledger_entry WHERE account_id > 0) lines
        WHERE balance_after_cents <> running""",
    "time that runs backwards along an account": """
        SELECT id FROM (
            SELECT id, created_at,
                   LAG(created_at) OVER (PARTITION BY account_id ORDER BY id) AS before
            FROM ledger_entry WHERE account_id > 0) lines
        WHERE before > created_at""",
    "money in transit that isn't that of open payouts": """
        SELECT 1 WHERE
            (SELECT COALESCE(SUM(amount_cents), 0) FROM ledger_entry WHERE account_id = -2)
         <> (SELECT COALESCE(SUM(amount_cents + fee_cents), 0) FROM ledger_transaction
             WHERE type IN ('WITHDRAW', 'RETURN') AND status = 'PENDING')""",
}


def ask(sql: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows: list[tuple[object, ...]] = cursor.fetchall()
        return rows


def read_rows() -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(ROWS)
        made = [Row(*row) for row in cursor.fetchall()]
    return [row._replace(created_at=to_time(row.created_at)) for row in made]


def compare(model: Model, rail: InProcess) -> list[Row]:
    """Follow what is new, and compare every balance. Returns the rows that changed.

    Raises Broken.
    """
    rail.sending.check()
    changed = []
    fresh = []
    for row in read_rows():
        if row.id not in model.rows:
            fresh.append(row)
        elif model.take_in(row):
            changed.append(row)
    for row in fresh:
        model.take_in(row)
        explain(model, rail, row)
    for row in (*changed, *fresh):
        explain_end(rail, row)
    compare_balances(model)
    for what, sql in WRONG.items():
        if found := ask(sql):
            raise Broken(f"there are {what}: {found[:3]}")
    return changed + fresh


def compare_balances(model: Model) -> None:
    frozen = set()
    held = {id: cents for id, cents in model.held.items() if cents}
    found: dict[int, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(ACCOUNTS)
        for id, cents, is_frozen in cursor.fetchall():
            found[id] = cents
            if is_frozen:
                frozen.add(id)
        cursor.execute(HOUSE)
        found |= {id: int(cents) for id, cents in cursor.fetchall()}
    found = {id: cents for id, cents in found.items() if cents}
    if found != held:
        different = sorted(set(found.items()) ^ set(held.items()))
        raise Broken(f"balances differ from the model's: {different}")
    if sum(found.values()):
        raise Broken(f"all balances sum to {sum(found.values())}")
    model.frozen = frozen


def verify_all() -> None:
    """Every check of `verify_ledger`. Raises Broken."""
    for check in verify.CHECKS:
        for violation in check.violations():
            raise Broken(f"verify_ledger: {violation.check}: {violation.row}: {violation.message}")
