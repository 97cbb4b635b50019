"""A primary dies and its synchronous standby takes over: nothing acknowledged is lost.

The small form of `tests/proof/prove_failover.py`: promoted by hand, with four clients.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from django.db import connection

from tests.api.support.calls import issue
from tests.factories import UserFactory, funded
from tests.nissmart.test_replica import source_of
from tests.postgres import free_port
from tests.proof.patroni import wait_until
from tests.proof.payers import Payers
from tests.proof.prove_failover import is_ready
from tests.proof.stack import web_server
from tests.standby import Copy, copy
from wallet.db.postgresql.connection import NotReplicated, PipelineConnection
from wallet.db.postgresql.statements import Statement
from wallet.db.retries import is_refusal

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one machine"),
]

KEYS = "SELECT string_agg(idempotency_key, ' ') FROM ledger_transaction WHERE type = 'TRANSFER'"
MONEY = "SELECT sum(balance_cents) FROM wallet_account WHERE user_id IS NOT NULL"
WRONG = """SELECT count(*) FROM wallet_account account
    WHERE user_id IS NOT NULL AND balance_cents <> (
        SELECT coalesce(sum(amount_cents), 0) FROM ledger_entry WHERE account_id = account.id)"""
CANCEL = """SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity
    WHERE wait_event = 'SyncRep'"""
CLIENTS = 4
# On a machine that is busy with other tests.
PATIENCE_S = 90


class Pair(NamedTuple):
    primary: Copy
    standby: Copy
    token: str
    members: list[int]

    @property
    def url(self) -> str:
        given = self.primary.settings
        hosts = ",".join(f"{given['host']}:{one.port}" for one in self[:2])
        return f"postgres://{given['user']}@{hosts}/{given['dbname']}"


@pytest.fixture(scope="module")
def pair(django_db_setup: None, django_db_blocker: Any) -> Iterator[Pair]:
    """A primary and a standby that confirms each of its commits, with members who have money."""
    with django_db_blocker.unblock():
        members = [funded(UserFactory(), 10_000_00) for _each in range(8)]
        token = issue(UserFactory(name="Payroll Program"), "service")
        connection.close()
    with tempfile.TemporaryDirectory(prefix="nissmart-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        place.chmod(0o755)
        with (
            copy(source_of(connection), place / "one", follows=False) as one,
            copy(one.settings, place / "two", follows=True) as two,
        ):
            confirm_by(one, "two")
            yield Pair(one, two, token, [user.pk for user in members])


def confirm_by(server: Copy, standby: str) -> None:
    """Let each commit wait for this standby."""
    server.ask(f"ALTER SYSTEM SET synchronous_standby_names = '{standby}'")
    server.ask("SELECT pg_reload_conf()")


def set_read_only(server: Copy, value: str) -> None:
    server.ask(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
    server.ask("SELECT pg_reload_conf()")


def test_a_commit_whose_wait_for_the_standby_was_cancelled_is_an_unknown_outcome(pair):
    """PostgreSQL answers it with a warning and success."""
    confirm_by(pair.primary, "nobody")
    line = psycopg.conninfo.make_conninfo(**pair.primary.settings)
    insert = "INSERT INTO wallet_ratewindow (key, minute, count) VALUES ('{}', 1, 1)"
    for by_pipeline in (True, False):
        given = PipelineConnection.connect(line, autocommit=False)
        if by_pipeline:
            given.hold([Statement(insert.format("one"))])
        else:
            given.execute(insert.format("two"))
        with ThreadPoolExecutor() as pool:
            commit = pool.submit(given.commit)
            wait_until(lambda: pair.primary.ask(CANCEL) == 1, "a wait for the standby", PATIENCE_S)
            with pytest.raises(NotReplicated) as error:
                commit.result(PATIENCE_S)
        assert given.closed
        assert not is_refusal(error.value)
    # It is on the primary, and a failover would lose it.
    assert pair.primary.ask("SELECT count(*) FROM wallet_ratewindow WHERE minute = 1") == 2
    confirm_by(pair.primary, "two")


def test_a_failover_loses_nothing_and_needs_no_restart(pair):
    one, two, token, members = pair
    port = free_port()
    with web_server(pair.url, port):
        payers = Payers(port, token, members, CLIENTS)
        payers.start()
        try:
            wait_for_payments(payers, 20)
            receiver = two.pid_of("walreceiver")
            os.kill(receiver, signal.SIGSTOP)
            # What is committed from here on reaches no standby, so it's acknowledged to nobody.
            time.sleep(0.3)
            one.kill()
            os.kill(receiver, signal.SIGKILL)
            assert not is_ready(port)
            confirmed = set(payers.heard.paid)
            wait_until(two.is_answering, "the standby", PATIENCE_S)
            two.ask("SELECT pg_promote()")
            assert confirmed <= set(two.ask(KEYS).split())
            wait_for_payments(payers, 20)
            assert is_ready(port)

            # A server that stops taking writes, with the sessions that it has.
            set_read_only(two, "on")
            busy = payers.heard.answers["busy"]
            wait_until(lambda: payers.heard.answers["busy"] > busy + 2, "a refusal", PATIENCE_S)
            assert not is_ready(port)
            set_read_only(two, "off")
            wait_for_payments(payers, 10)
        finally:
            payers.stop()
    keys = two.ask(KEYS).split()
    assert sorted(keys) == sorted(payers.heard.paid) == sorted(payers.heard.cents)
    assert (two.ask(MONEY), two.ask(WRONG)) == (8 * 10_000_00, 0)


def wait_for_payments(payers: Payers, count: int) -> None:
    enough = len(payers.heard.paid) + count

    def is_so() -> bool:
        assert not payers.errors, payers.errors
        return len(payers.heard.paid) >= enough

    wait_until(is_so, "payments", PATIENCE_S)
