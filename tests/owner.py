"""The database role of a test on PostgreSQL.

On the private server of tests/postgres.py the product's own processes log in as its application.
Tests in this process connect as the owner of the tables, so that triggers and constraints answer
before the application's rights would, and so that a test may tamper. Those in AS_APPLICATION, and
those with the mark `application`, take the role of the application. Elsewhere, and on SQLite, there
is one role and nothing to do.

With AS_APPLICATION=1 all tests are the application, to look for a right that is missing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.db.backends.postgresql.creation import DatabaseCreation
from psycopg.pq import TransactionStatus

from nissmart.embedded_postgres import APPLICATION, NAME, OWNER
from nissmart.owner import as_owner, connected_to

# What moves money and decides about it: operations, the worker, closing days, reconciliation.
AS_APPLICATION = (
    *("tests/adminpanel/test_close.py", "tests/adminpanel/test_corrections.py"),
    *("tests/adminpanel/test_matching.py", "tests/ledger/interest/test_rates.py"),
    *("tests/ledger/schedules/test_missed_runs.py", "tests/ledger/test_deposit.py"),
    *("tests/ledger/test_payout_decisions.py", "tests/ledger/test_payout_pauses.py"),
    *("tests/ledger/test_payout_worker.py", "tests/ledger/test_settlement.py"),
    *("tests/ledger/test_transfer.py", "tests/ledger/test_withdraw.py"),
)


def is_as_application(test: pytest.Item) -> bool:
    name = test.nodeid.split("::")[0]
    is_marked = test.get_closest_marker("application") is not None
    return name in AS_APPLICATION or is_marked or "AS_APPLICATION" in os.environ


class Creation(DatabaseCreation):
    """The owner of the tables creates the test database."""

    def _create_test_db(self, *args: Any, **options: Any) -> str:
        with as_owner():
            return super()._create_test_db(*args, **options)

    def _destroy_test_db(self, *args: Any, **options: Any) -> None:
        with as_owner():
            super()._destroy_test_db(*args, **options)


@contextmanager
def past_the_guards() -> Iterator[None]:
    """On our connection no trigger fires during the block. Outside of transactions only."""
    role = connection.settings_dict["OPTIONS"].get("assume_role")
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE; SET session_replication_role = replica")
        yield
        cursor.execute("RESET session_replication_role")
        if role:
            cursor.execute(f"SET ROLE {role}")


@contextmanager
def as_superuser() -> Iterator[None]:
    """On our connection we are PostgreSQL's superuser during the block, who needs no role."""
    options = {**connection.settings_dict["OPTIONS"]}
    if not options.pop("assume_role", None):
        yield
        return
    with connected_to({"USER": NAME, "OPTIONS": options}):
        yield


@contextmanager
def as_owner_of_tables() -> Iterator[None]:
    """All connections of the test are those of the owner."""
    options = connection.settings_dict["OPTIONS"]
    if "assume_role" not in options:
        yield
        return
    options["assume_role"] = OWNER
    take(OWNER)
    try:
        yield
    finally:
        options["assume_role"] = APPLICATION
        take(APPLICATION)


def take(role: str) -> None:
    """Take this role on the connection that is open, if one is."""
    open_one = connection.connection
    if open_one is None:
        return
    if open_one.closed:
        # A test broke it. The next query opens another, with the role of the settings.
        connection.close()
    # The rollback of a failed transaction takes the role back that was there before it.
    elif open_one.info.transaction_status != TransactionStatus.INERROR:
        open_one.execute(f"SET ROLE {role}")
