"""What goes wrong at the COMMIT: an order that may have moved hears so, and never runs again."""

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
from tests.ledger.support.placed import balances, carried_out, transfer
from wallet.db import pipeline
from wallet.db.pipeline import Statement
from wallet.db.retries import is_refusal
from wallet.errors import OutcomeUnknown

IS_SQLITE = connection.vendor == "sqlite"
pytestmark = pytest.mark.django_db(transaction=True)
postgresql_only = pytest.mark.skipif(IS_SQLITE, reason="SQLite has one lock, for everybody")


@postgresql_only
def test_a_commit_without_an_answer_is_unknown_to_all_that_it_was_for(members, monkeypatch):
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
def test_what_goes_wrong_after_the_commit_leaves_the_outcome_unknown(members, error):
    """However it went wrong: to carry it out once more would move it twice."""
    a, b, c, d, e, f, *_ = members

    def fail(sql):
        if sql == "COMMITTED":
            raise error

    batch = [transfer(a, b), transfer(c, d)]
    with watch_statements(fail):
        outcomes = run_batch(batch, time.monotonic() + 30)
        with pytest.raises(OutcomeUnknown):
            carried_out(transfer(e, f))
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
def test_only_the_databases_own_word_says_that_a_commit_has_failed(error, cause, has_failed):
    what = error()
    what.__cause__ = cause()
    assert is_refusal(what) is has_failed
