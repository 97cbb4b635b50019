"""An error at the COMMIT: the outcome is unknown, and the order never runs a second time."""

import sqlite3
import time

import psycopg
import pytest
from django.db import (
    DatabaseError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    connection,
)

from ledger.errors import InsufficientFunds
from ledger.operations.execution import run_batch, statements
from tests.ledger.support.crowd import watch_statements
from tests.ledger.support.placed import balances, perform_order, transfer
from wallet.db import pipeline
from wallet.db.pipeline import Statement
from wallet.db.retries import is_refusal
from wallet.errors import OutcomeUnknown

IS_SQLITE = connection.vendor == "sqlite"
pytestmark = pytest.mark.django_db(transaction=True)
postgresql_only = pytest.mark.skipif(IS_SQLITE, reason="SQLite has no connection to lose")


@postgresql_only
def test_a_lost_commit_answer_is_unknown_for_every_order_of_the_batch(members, monkeypatch):
    a, b, c, d, e, f, *_ = members
    write = statements.write

    def write_and_die(*args):
        write(*args)
        pipeline.send(Statement("SELECT pg_terminate_backend(pg_backend_pid())"))

    monkeypatch.setattr(statements, "write", write_and_die)
    batch = [transfer(a, b), transfer(c, d), transfer(e, f, 100_01)]
    outcomes = run_batch(batch, time.monotonic() + 30)
    kinds = [type(outcomes[placed]) for placed in batch]
    assert kinds == [OutcomeUnknown, OutcomeUnknown, InsufficientFunds]
    connection.close()
    assert balances(a, b, c, d) == [100_00] * 4


@pytest.mark.parametrize("error", [RuntimeError, MemoryError, DatabaseError])
def test_any_error_after_the_commit_leaves_the_outcome_unknown(members, error):
    """A second run would move the money twice."""
    a, b, c, d, e, f, *_ = members

    def fail(sql):
        if sql == "COMMITTED":
            raise error

    batch = [transfer(a, b), transfer(c, d)]
    with watch_statements(fail):
        outcomes = run_batch(batch, time.monotonic() + 30)
        with pytest.raises(OutcomeUnknown):
            perform_order(transfer(e, f))
    assert [type(outcomes[placed]) for placed in batch] == [OutcomeUnknown] * 2
    connection.close()
    assert balances(a, b, c, d, e, f) == [90_00, 110_00] * 3


@pytest.mark.parametrize(
    ("error", "cause", "has_failed"),
    [
        (OperationalError, psycopg.errors.LockNotAvailable, True),
        (OperationalError, psycopg.errors.DeadlockDetected, True),
        (IntegrityError, psycopg.errors.UniqueViolation, True),
        (IntegrityError, sqlite3.IntegrityError, True),
        (OperationalError, psycopg.errors.AdminShutdown, False),
        (OperationalError, psycopg.OperationalError, False),
        (InterfaceError, psycopg.InterfaceError, False),
        (DatabaseError, psycopg.DatabaseError, False),
        (OperationalError, sqlite3.OperationalError, False),
    ],
)
def test_a_commit_has_failed_only_if_the_database_says_so(error, cause, has_failed):
    raised = error()
    raised.__cause__ = cause()
    assert is_refusal(raised) is has_failed
