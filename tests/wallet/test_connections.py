"""Each thread keeps its connection to PostgreSQL until the thread or the connection ends."""

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
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server"),
]

COUNT = Statement("SELECT COUNT(*) FROM wallet_user")
BACKEND = Statement("SELECT pg_backend_pid()")


def run_elsewhere(statement: Statement) -> None:
    """Run this on another connection and leave ours alone."""
    in_thread(partial(pipeline.ask, statement))


def test_a_lost_connection_is_not_used_again():
    with pytest.raises(OperationalError):
        pipeline.ask(Statement("SELECT pg_terminate_backend(pg_backend_pid())"), COUNT)
    with pytest.raises(OperationalError):
        pipeline.ask(COUNT)
    connection.close()
    assert pipeline.ask(COUNT)


@pytest.mark.parametrize("by_orm", [True, False])
def test_a_request_replaces_a_connection_that_the_server_has_closed(by_orm):
    """As after a restart of the database: not even one request fails."""
    [[[process]]] = pipeline.ask(BACKEND)
    run_elsewhere(Statement("SELECT pg_terminate_backend(%s, 10000)", (process,)))
    close_old_connections()
    assert User.objects.count() == 0 if by_orm else pipeline.ask(COUNT)


def test_a_thread_that_ends_closes_its_connection():
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


def test_a_silent_server_times_out():
    pipeline.ask(COUNT)
    connection.connection.answer_timeout_s = 0.2
    began = time.monotonic()
    with pytest.raises(OperationalError, match="no answer"):
        pipeline.ask(Statement("SELECT pg_sleep(5)"))
    assert time.monotonic() - began < 3
    close_old_connections()
    assert pipeline.ask(COUNT)


def test_without_a_statement_timeout_answers_have_no_timeout(monkeypatch):
    monkeypatch.setenv("STATEMENT_TIMEOUT_S", "0")
    pipeline.ask(COUNT)
    options = database(Env(), Path())["OPTIONS"]
    connection.connection.answer_timeout_s = options["answer_timeout_s"]
    assert pipeline.ask(Statement("SELECT 1 FROM pg_sleep(0.1)")) == [[(1,)]]
    connection.close()


def test_the_next_request_reuses_the_connection():
    [[[process]]] = pipeline.ask(BACKEND)
    close_old_connections()
    assert pipeline.ask(BACKEND) == [[(process,)]]


@pytest.mark.parametrize("by_orm", [True, False])
@pytest.mark.parametrize("block", [nullcontext, transaction.atomic])
def test_a_connection_fails_once_after_a_table_changes(by_orm, block):
    def ask() -> int:
        [[[process]]] = pipeline.ask(BACKEND)
        if by_orm:
            list(Account.objects.values_list("currency"))
        else:
            pipeline.ask(Statement("SELECT currency FROM wallet_account"))
        return process

    first = [ask() for _until_prepared in range(8)][-1]
    run_elsewhere(Statement("ALTER TABLE wallet_account ALTER currency TYPE text"))
    try:
        stale = pytest.raises(NotSupportedError, match="cached plan must not change result type")
        with stale, block():
            ask()
        connection.close()
        assert ask() != first
    finally:
        pipeline.ask(Statement("ALTER TABLE wallet_account ALTER currency TYPE varchar(3)"))
        connection.close()
