"""Each thread has its connection to PostgreSQL, as long as both are there."""

import gc
import time
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from threading import Thread

import pytest
from django.db import (
    NotSupportedError,
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)
from environ import Env

from nissmart.databases import database
from tests.ledger.support.crowd import in_thread
from wallet.db import pipeline
from wallet.db.pipeline import Statement
from wallet.models import Account, User

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no connections"),
]

COUNT = Statement("SELECT COUNT(*) FROM wallet_user")
BACKEND = Statement("SELECT pg_backend_pid()")


def elsewhere(statement: Statement) -> None:
    """Run this on another connection, while ours stays as it is."""
    in_thread(partial(pipeline.ask, statement))


def test_a_connection_that_is_lost_is_not_used_again():
    with pytest.raises(OperationalError):
        pipeline.ask(Statement("SELECT pg_terminate_backend(pg_backend_pid())"), COUNT)
    with pytest.raises(OperationalError):
        pipeline.ask(COUNT)
    connection.close()
    assert pipeline.ask(COUNT)


@pytest.mark.parametrize("by_orm", [True, False])
def test_a_request_meets_no_connection_that_the_server_has_closed(by_orm):
    """As after a restart of the database: nobody is told of it, not even once."""
    [[[process]]] = pipeline.ask(BACKEND)
    elsewhere(Statement("SELECT pg_terminate_backend(%s, 10000)", (process,)))
    close_old_connections()
    assert User.objects.count() == 0 if by_orm else pipeline.ask(COUNT)


def test_a_thread_that_ends_takes_its_connection_along():
    def others() -> int:
        others = "SELECT count(*) FROM pg_stat_activity WHERE client_port IS NOT NULL"
        [[[number]]] = pipeline.ask(Statement(f"{others} AND pid <> pg_backend_pid()"))
        return number

    before = others()
    gc.disable()
    try:
        for _each in range(4):
            thread = Thread(target=lambda: (pipeline.ask(COUNT), User.objects.count()))
            thread.start()
            thread.join()
        deadline = time.monotonic() + 10
        while others() > before:
            assert time.monotonic() < deadline
    finally:
        gc.enable()


def test_a_server_that_says_nothing_is_given_up():
    pipeline.ask(COUNT)
    connection.connection.answer_timeout_s = 0.2
    began = time.monotonic()
    with pytest.raises(OperationalError, match="no answer"):
        pipeline.ask(Statement("SELECT pg_sleep(5)"))
    assert time.monotonic() - began < 3
    close_old_connections()
    assert pipeline.ask(COUNT)


def test_without_a_limit_for_statements_there_is_none_for_answers(monkeypatch):
    monkeypatch.setenv("STATEMENT_TIMEOUT_S", "0")
    pipeline.ask(COUNT)
    options = database(Env(), Path())["OPTIONS"]
    connection.connection.answer_timeout_s = options["answer_timeout_s"]
    assert pipeline.ask(Statement("SELECT 1 FROM pg_sleep(0.1)")) == [[(1,)]]
    connection.close()


def test_the_next_request_has_the_same_connection():
    [[[process]]] = pipeline.ask(BACKEND)
    close_old_connections()
    assert pipeline.ask(BACKEND) == [[(process,)]]


@pytest.mark.parametrize("by_orm", [True, False])
@pytest.mark.parametrize("surroundings", [nullcontext, transaction.atomic])
def test_a_change_of_a_table_costs_a_connection_one_failure(by_orm, surroundings):
    def ask() -> int:
        [[[process]]] = pipeline.ask(BACKEND)
        if by_orm:
            list(Account.objects.values_list("currency"))
        else:
            pipeline.ask(Statement("SELECT currency FROM wallet_account"))
        return process

    first = [ask() for _until_prepared in range(8)][-1]
    elsewhere(Statement("ALTER TABLE wallet_account ALTER currency TYPE text"))
    try:
        stale = pytest.raises(NotSupportedError, match="cached plan must not change result type")
        with stale, surroundings():
            ask()
        connection.close()
        assert ask() != first
    finally:
        pipeline.ask(Statement("ALTER TABLE wallet_account ALTER currency TYPE varchar(3)"))
        connection.close()
