"""Helpers that test `verify`: payouts in every state, and rows changed behind the guards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from ledger import guards, verify
from ledger.models import Transaction
from tests.ledger.support.later import end, waiting_withdrawal
from wallet.models import User


def payout(user: User, status: str) -> Transaction:
    """A payout in this state, on a rail that answers later. It ends at the time of its creation."""
    record = waiting_withdrawal(user, 20_00)
    return record if status == "PENDING" else end(record, status, at=record.created_at)


def violations_after(tamper: str) -> list[tuple[str, str]]:
    """Run this SQL without constraints or guards, collect all violations, and roll back."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            remove_constraints(cursor)
            guards.remove(connection)
            run(cursor, tamper)
            guards.install(connection)
        found = violations()
        transaction.set_rollback(True)
    return found


@contextmanager
def unguarded() -> Iterator[Callable[[str], list[tuple[str, str]]]]:
    """Many tampers on the same rows. Yields `violations_after`, to which the guards are missing."""

    def tried(tamper: str) -> list[tuple[str, str]]:
        with transaction.atomic():
            with connection.cursor() as cursor:
                run(cursor, tamper)
            found = violations()
            transaction.set_rollback(True)
        return found

    with transaction.atomic():
        with connection.cursor() as cursor:
            remove_constraints(cursor)
            guards.remove(connection)
        yield tried
        transaction.set_rollback(True)


def run(cursor: CursorWrapper, tamper: str) -> None:
    for statement in tamper.split(";"):
        cursor.execute(statement)


def remove_constraints(cursor: CursorWrapper) -> None:
    """Replace the tables with bare copies, as an attacker who owns the database could."""
    if connection.vendor == "postgresql":
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    tables = ("wallet_account", "ledger_transaction", "ledger_entry", "ledger_attempt")
    bare(cursor, *tables, "ledger_goallock")


def bare(cursor: CursorWrapper, *tables: str) -> None:
    for table in tables:
        cursor.execute(f"CREATE TABLE bare AS SELECT * FROM {table}")
        cursor.execute(f"ALTER TABLE {table} RENAME TO kept_{table}")
        cursor.execute(f"ALTER TABLE bare RENAME TO {table}")


def violations() -> list[tuple[str, str]]:
    """The check and the row of every violation."""
    return [(one.check, one.row) for check in verify.CHECKS for one in check.violations()]
