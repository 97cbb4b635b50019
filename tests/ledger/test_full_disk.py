"""When the database refuses to write, nothing moves: orders are busy, and the site isn't ready."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError, connection

from tests.api.support.calls import by_token, problem_of
from tests.books import assert_books_right, nothing_moves
from tests.conftest import signed_in
from tests.factories import UserFactory, send
from tests.ledger.support.crowd import watch_statements
from tests.ledger.support.placed import balances, deposit, perform_order, transfer
from tests.pages import text
from wallet.db import retries
from wallet.errors import Busy
from wallet.web import rates

IS_SQLITE = connection.vendor == "sqlite"
pytestmark = pytest.mark.django_db(transaction=True)
postgresql_only = pytest.mark.skipif(IS_SQLITE, reason="raised by a trigger of PostgreSQL")

# disk_full, out_of_memory, query_canceled (timeout), io_error, read_only_sql_transaction.
REFUSALS = ["53100", "53200", "57014", "58030", "25006"]


@pytest.fixture(autouse=True)
def forget_full_disk() -> Iterator[None]:
    yield
    retries.disk_full_at = None


@contextmanager
def refuse_entries(state: str, *, at_commit: bool) -> Iterator[None]:
    """PostgreSQL refuses each entry with this SQLSTATE, at the INSERT or at the COMMIT."""
    kind = "CONSTRAINT TRIGGER refuse AFTER" if at_commit else "TRIGGER refuse BEFORE"
    when = "DEFERRABLE INITIALLY DEFERRED" if at_commit else ""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" RAISE EXCEPTION 'refused' USING ERRCODE = '{state}'; END $$"
        )
        cursor.execute(
            f"CREATE {kind} INSERT ON ledger_entry {when} FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION refuse CASCADE")


@postgresql_only
@pytest.mark.parametrize("state", REFUSALS)
@pytest.mark.parametrize("at_commit", [True, False])
def test_a_temporary_refusal_of_postgresql_is_busy(members, state, at_commit):
    a, b, *_ = members
    placed = transfer(a, b)
    with refuse_entries(state, at_commit=at_commit), nothing_moves(), pytest.raises(Busy):
        perform_order(placed)
    assert not perform_order(placed).is_replay
    assert balances(a, b) == [90_00, 110_00]


def full(sql: str, *, at: str) -> None:
    """Refuse the statement `COMMIT`, or each INSERT into this table."""
    if sql == at or sql.startswith(f'INSERT INTO "{at}"'):
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise OperationalError from error


@pytest.mark.skipif(not IS_SQLITE, reason="SQLite's own error")
def test_a_full_disk_at_the_commit_of_sqlite_is_busy(members):
    a, b, *_ = members
    placed = transfer(a, b)
    with watch_statements(partial(full, at="COMMIT")), nothing_moves(), pytest.raises(Busy):
        perform_order(placed)
    assert not perform_order(placed).is_replay
    assert balances(a, b) == [90_00, 110_00]


@contextmanager
def disk_full() -> Iterator[None]:
    """The database can't grow during the block."""
    if not IS_SQLITE:
        with refuse_entries("53100", at_commit=False):
            yield
        return
    with connection.cursor() as cursor:
        [usual] = cursor.execute("PRAGMA max_page_count").fetchone()
        [used] = cursor.execute("PRAGMA page_count").fetchone()
        cursor.execute(f"PRAGMA max_page_count = {used}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA max_page_count = {usual}")


def order_until_refused(member: Any) -> int:
    """Make deposits until one is refused. Returns how many succeeded."""
    for number in range(500):
        try:
            perform_order(deposit(member, 1_00))
        except Busy:
            return number
    raise AssertionError("the disk never got full")


def test_a_full_disk_is_busy_and_the_site_is_not_ready(members, client):
    a = members[0]
    assert client.get("/readyz").status_code == 200
    with disk_full():
        moved = order_until_refused(a)
        answer = client.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "the disk is full\n")
    assert balances(a) == [100_00 + moved * 1_00]
    # Stays unready for a while: another write may find room by chance.
    assert client.get("/readyz").status_code == 503
    retries.disk_full_at -= retries.FULL_FOR_S
    assert client.get("/readyz").status_code == 200
    assert_books_right()


def test_a_program_gets_busy_and_may_retry(members):
    a = members[0]
    caller = by_token(UserFactory(), "service")
    order = {"user_id": a.pk, "amount_cents": 1_00}
    with disk_full():
        order_until_refused(a)
        answer = caller.post("/api/deposit", order, key="one")
    problem_of(answer, 503, "busy")
    assert answer.headers["Retry-After"]
    again = caller.post("/api/deposit", order, key="one")
    assert (again.status_code, "Idempotency-Replayed" in again.headers) == (201, False)


@pytest.mark.skipif(not IS_SQLITE, reason="SQLite's own error")
def test_a_receipt_is_shown_without_its_code_while_the_disk_is_full(alice, bob):
    url = f"/activity/{send(alice, bob, 1_00).reference}/"
    client = signed_in(alice)
    question = "Anyone can check at testserver/verify with the code"
    with watch_statements(partial(full, at="ledger_issuedreceipt")):
        answer = client.get(url)
    assert (answer.status_code, question in text(answer)) == (200, False)
    assert question in text(client.get(url))


@contextmanager
def read_only() -> Iterator[None]:
    setting = "PRAGMA query_only" if IS_SQLITE else "SET default_transaction_read_only"
    with connection.cursor() as cursor:
        cursor.execute(f"{setting} = on")
    try:
        yield
    finally:
        # A connection to PostgreSQL that refused a write is dropped, and a new one takes writes.
        connection.close()


def test_a_write_that_a_read_only_database_refuses_is_left_out_and_logged(transactional_db, caplog):
    with read_only(), retries.optional_write():
        rates.count("one")
    assert "left out a write" in caplog.text


def test_a_read_only_database_is_not_ready(transactional_db, client):
    with read_only():
        answer = client.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "the database takes no writes\n")
