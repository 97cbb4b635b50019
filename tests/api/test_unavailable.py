"""When the database is busy or gone, the answer says whether money may have moved."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, connection

from ledger.models import Transaction
from ledger.operations import statements
from nissmart.examples import UNKNOWN
from tests.api.support.calls import MOVES, order, path_of, problem_of
from tests.books import assert_books_right, nothing_moves
from tests.factories import account_id
from tests.ledger.support.commits import lose_commit_answer
from tests.ledger.support.crowd import hold_accounts, wait_at_most
from wallet.db import pipeline
from wallet.db.pipeline import Statement

pytestmark = pytest.mark.django_db

every_move = pytest.mark.parametrize("move", MOVES)


@pytest.mark.django_db(transaction=True)
@every_move
@pytest.mark.parametrize("is_first_call", [True, False])
def test_a_busy_wallet_answers_busy_and_moves_nothing(service, alice, bob, move, is_first_call):
    if not is_first_call:  # The token's "last used" is fresh, so only the money call must wait.
        service.get("/api/users")
    wallets = [account_id(user) for user in (alice, bob)]
    with nothing_moves(), hold_accounts(*wallets), wait_at_most(0.3):
        response = service.post(path_of(move), order(move, alice.pk, bob.pk), key="one")
    problem_of(response, 503, "busy")
    assert int(response.headers["Retry-After"]) >= 1
    again = service.post(path_of(move), order(move, alice.pk, bob.pk), key="one")
    assert again.status_code == 201
    assert "Idempotency-Replayed" not in again.headers


@pytest.mark.django_db(transaction=True)
@every_move
@pytest.mark.parametrize("key", [None, "one"])
def test_an_unknown_outcome_says_retry_only_with_a_key(service, alice, bob, move, key):
    """Without a key, a retry could move the money twice."""
    service.get("/api/users")
    with lose_commit_answer():
        response = service.post(path_of(move), order(move, alice.pk, bob.pk), key)
    body = problem_of(response, 503, "outcome_unknown")
    assert body in UNKNOWN
    assert ("Retry-After" in response.headers) == ("same key" in body["detail"]) == bool(key)
    made = Transaction.objects.latest("pk")
    assert made.type == move.upper()
    if key:
        again = service.post(path_of(move), order(move, alice.pk, bob.pk), key)
        assert (again.status_code, again.json()["reference"]) == (201, made.reference)
        assert again.headers["Idempotency-Replayed"] == "true"
    assert_books_right()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no connection to lose")
def test_a_connection_lost_with_the_commit_is_an_unknown_outcome(service, alice, bob, monkeypatch):
    """The server rolled back here, but the client can't know that."""
    service.get("/api/users")
    write = statements.write

    def write_and_die(*order: Any) -> None:
        write(*order)
        pipeline.send(Statement("SELECT pg_terminate_backend(pg_backend_pid())"))

    monkeypatch.setattr(statements, "write", write_and_die)
    response = service.post("/api/transfer", order("transfer", alice.pk, bob.pk))
    problem_of(response, 503, "outcome_unknown")
    assert "Retry-After" not in response.headers
    connection.close()
    monkeypatch.undo()
    assert service.post("/api/transfer", order("transfer", alice.pk, bob.pk)).status_code == 201
    assert_books_right()


@every_move
def test_a_database_that_fails_before_any_write_answers_busy(
    service, alice, bob, move, monkeypatch
):
    def fail(*args: object, **more: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("ledger.operations.execution.statements.read", fail)
    with nothing_moves():
        response = service.post(path_of(move), order(move, alice.pk, bob.pk))
    problem_of(response, 503, "busy")
    assert int(response.headers["Retry-After"]) >= 1
