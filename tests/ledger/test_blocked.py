"""A blocked account takes few threads and hurts no other account; a hanging database is noticed.

"Blocked" is what one session keeps. An account that is merely busy changes hands all the time.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from ledger.models import Transaction
from ledger.operations.orders import Placed
from tests.books import assert_books_right
from tests.factories import account_id
from tests.ledger.support.crowd import (
    closing,
    hold_accounts,
    hold_rows,
    in_thread,
    watch_statements,
)
from tests.ledger.support.placed import balances, carried_out, deposit, transfer
from wallet.db.pipeline import Statement
from wallet.db.preconditions import Precondition
from wallet.errors import Busy, OutcomeUnknown
from wallet.models import Account, User

IS_SQLITE = connection.vendor == "sqlite"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
postgresql_only = pytest.mark.skipif(IS_SQLITE, reason="SQLite has one lock for everything")

# Two probes, and what a loaded machine adds.
NOTICED_S = 1.5
INSTANTLY_S = 0.2


class Asked:
    """An order in a thread of its own: what it heard, and after how long."""

    def __init__(self, placed: Placed) -> None:
        self.placed, self.heard, self.took_s = placed, None, 0.0
        self.thread = Thread(target=closing(self.run))
        self.thread.start()

    def run(self) -> None:
        began = time.monotonic()
        self.heard: Any
        try:
            self.heard = carried_out(self.placed)
        except Exception as error:
            self.heard = error
        self.took_s = time.monotonic() - began

    def answer(self) -> Any:
        self.thread.join(30)
        assert not self.thread.is_alive()
        return self.heard


def now(placed: Placed) -> Asked:
    asked = Asked(placed)
    asked.answer()
    return asked


def still_waiting(orders: list[Asked]) -> list[Asked]:
    return [asked for asked in orders if asked.thread.is_alive()]


@postgresql_only
def test_a_blocked_account_keeps_two_threads_and_others_go_on(members):
    a, b, c, *_ = members
    with hold_accounts(account_id(a)):
        first = [Asked(deposit(a, 1_00)) for _each in range(5)]
        time.sleep(NOTICED_S)
        assert len(still_waiting(first)) == 2
        for _each in range(3):
            next_one = now(deposit(a, 1_00))
            assert isinstance(next_one.heard, Busy)
            assert next_one.took_s < INSTANTLY_S
        other = now(transfer(b, c))
        assert isinstance(other.heard, Transaction)
        assert other.took_s < INSTANTLY_S
        # It names a held account too, but only that one is blocked.
        assert isinstance(now(transfer(b, a)).heard, Busy)
        assert isinstance(now(deposit(b, 1_00)).heard, Transaction)
        heard = [asked.answer() for asked in first]
    assert all(isinstance(each, Busy) for each in heard)
    assert 4 < max(asked.took_s for asked in first) < 5
    assert balances(a, b, c) == [100_00, 91_00, 110_00]
    assert_books_right()


@postgresql_only
def test_all_waiting_orders_keep_half_of_the_threads(members, settings):
    with hold_accounts(*(account_id(member) for member in members)):
        orders = [Asked(deposit(member, 1_00)) for member in members[:6]]
        time.sleep(NOTICED_S)
        assert len(still_waiting(orders)) == settings.WEB_THREADS // 2
    for asked in orders:
        asked.answer()
    assert_books_right()


def test_an_account_that_is_given_back_is_served_again(members):
    a = members[0]
    with hold_accounts(account_id(a)):
        waiting = [Asked(deposit(a, 1_00)) for _each in range(4)]
        time.sleep(NOTICED_S)
        assert len(still_waiting(waiting)) == 2
    heard = [asked.answer() for asked in waiting]
    assert sum(isinstance(each, Transaction) for each in heard) == 2
    more = [Asked(deposit(a, 1_00)) for _each in range(6)]
    assert all(isinstance(asked.answer(), Transaction) for asked in more)
    assert balances(a) == [108_00]


@contextmanager
def passed_around(account: int, held_s: float) -> Iterator[None]:
    """Other sessions hold the account (on SQLite the lock), each for a moment."""
    is_over = Event()

    def take_turns() -> None:
        while not is_over.is_set():
            with suppress(OperationalError), transaction.atomic():
                # Changed, because SQLite has nothing else to show that the lock changed hands.
                Account.objects.filter(pk=account).update(currency="KES")
                time.sleep(held_s)
            time.sleep(held_s / 2)

    others = [Thread(target=closing(take_turns)) for _each in range(3)]
    for other in others:
        other.start()
    try:
        yield
    finally:
        is_over.set()
        for other in others:
            other.join()


@postgresql_only
def test_an_account_that_is_merely_busy_refuses_no_order(members):
    """Each waits much longer than two probes, but no session keeps the account."""
    school = members[0]
    with passed_around(account_id(school), held_s=0.06):
        orders = [Asked(deposit(school, 1_00)) for _each in range(8)]
        assert all(isinstance(asked.answer(), Transaction) for asked in orders)
    assert max(asked.took_s for asked in orders) > 0.25
    assert balances(school) == [108_00]


@postgresql_only
def test_another_lock_keeps_two_threads_too(members):
    """Here on the row of the person who orders, which the COMMIT needs."""
    operator = User.objects.create_user(name="Payroll")
    with hold_rows(User.objects.filter(pk=operator.pk)):
        orders = [
            Asked(Placed(deposit(member, 1_00).order, operator.pk, f"for {member.pk}"))
            for member in members[:4]
        ]
        time.sleep(NOTICED_S)
        assert len(still_waiting(orders)) == 2
        assert isinstance(now(deposit(members[5], 1_00)).heard, Transaction)
    assert sum(isinstance(asked.answer(), Transaction) for asked in orders) == 2
    assert_books_right()


# ---- a process of PostgreSQL that is stopped --------------------------------------------------


class Stopper:
    """Stops the database process of a connection, and lets it go on."""

    def __init__(self) -> None:
        self.pids: list[int] = []

    def stop(self, rows: list[Any]) -> None:
        [(pid,)] = rows
        os.kill(pid, signal.SIGSTOP)
        self.pids.append(pid)

    def stop_own(self, sql: str) -> None:
        if not self.pids:
            self.stop([(connection.connection.pgconn.backend_pid,)])

    def go_on(self) -> None:
        """Until they have done what they were sent, and noticed that their clients are gone."""
        while self.pids:
            with suppress(ProcessLookupError):
                os.kill(self.pids[0], signal.SIGCONT)
                while True:
                    os.kill(self.pids[0], 0)
                    time.sleep(0.02)
            del self.pids[0]


@pytest.fixture
def stopper() -> Iterator[Stopper]:
    stopper = Stopper()
    try:
        os.kill(connection.connection.pgconn.backend_pid, 0)
    except (ProcessLookupError, PermissionError):
        pytest.skip("the database's processes aren't ours to stop")
    yield stopper
    connection.close()
    stopper.go_on()


PID = Statement("SELECT pg_backend_pid()")


@postgresql_only
def test_no_answer_before_the_commit_is_busy(members, stopper):
    a, b, *_ = members
    placed, began = transfer(a, b), time.monotonic()
    with watch_statements(stopper.stop_own), pytest.raises(Busy):
        carried_out(placed)
    assert time.monotonic() - began < 5
    assert stopper.pids
    connection.close()
    assert balances(a, b) == [100_00, 100_00]


@postgresql_only
def test_no_answer_to_the_commit_is_an_unknown_outcome(members, stopper):
    a, b, c, d, *_ = members
    placed = Placed(transfer(a, b).order, a.pk, "one", precondition=Precondition(PID, stopper.stop))
    stuck = Asked(placed)
    time.sleep(NOTICED_S)
    # Meanwhile others go on, and orders for its accounts are bounded like any others.
    other = now(transfer(c, d))
    assert isinstance(other.heard, Transaction)
    assert other.took_s < 1
    assert isinstance(stuck.answer(), OutcomeUnknown)
    assert stuck.took_s < 5
    stopper.go_on()
    again = carried_out(Placed(placed.order, a.pk, "one"))
    assert Transaction.objects.filter(idempotency_key="one").count() == 1
    assert again.idempotency_key == "one"
    assert balances(a, b) == [90_00, 110_00]
    assert_books_right()


@postgresql_only
def test_when_half_of_the_threads_hang_the_next_order_hears_busy(members, stopper, settings):
    stops = Precondition(PID, stopper.stop)
    hang = [
        Asked(Placed(deposit(member, 1_00).order, member.pk, "one", precondition=stops))
        for member in members[: settings.WEB_THREADS // 2]
    ]
    time.sleep(NOTICED_S)
    assert still_waiting(hang) == hang
    refused = now(deposit(members[-1], 1_00))
    assert isinstance(refused.heard, Busy)
    assert refused.took_s < INSTANTLY_S
    assert in_thread(User.objects.count) == len(members)
    for asked in hang:
        assert isinstance(asked.answer(), OutcomeUnknown)
    assert isinstance(now(deposit(members[-1], 1_00)).heard, Transaction)
