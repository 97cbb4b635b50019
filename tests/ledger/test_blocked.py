"""A blocked account occupies two threads and slows no other account; a hung database is noticed.

An account is blocked when one session keeps its lock. A busy account's lock changes hands often.
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
from ledger.operations.orders import PlacedOrder
from tests.books import assert_books_right
from tests.factories import account_id
from tests.ledger.support.crowd import (
    closing,
    hold_accounts,
    hold_rows,
    in_thread,
    watch_statements,
)
from tests.ledger.support.placed import balances, deposit, perform_order, transfer
from wallet.db.pipeline import Statement
from wallet.db.preconditions import Precondition
from wallet.db.waits import Wait
from wallet.errors import Busy, OutcomeUnknown
from wallet.models import Account, User

IS_SQLITE = connection.vendor == "sqlite"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
postgresql_only = pytest.mark.skipif(IS_SQLITE, reason="SQLite has one lock for everything")

# Two probes, plus time for a slow machine.
NOTICED_S = 1.5
INSTANTLY_S = 0.2


class OrderThread:
    """Runs an order in a separate thread. Keeps its answer, its time and its statements."""

    def __init__(self, placed: PlacedOrder) -> None:
        self.placed, self.result, self.took_s = placed, None, 0.0
        self.statements: list[str] = []
        self.thread = Thread(target=closing(self.run))
        self.thread.start()

    def run(self) -> None:
        began = time.monotonic()
        self.result: Any
        try:
            with watch_statements(self.statements.append):
                self.result = perform_order(self.placed)
        except Exception as error:
            self.result = error
        self.took_s = time.monotonic() - began

    def answer(self) -> Any:
        self.thread.join(30)
        assert not self.thread.is_alive()
        return self.result


def run_now(placed: PlacedOrder) -> OrderThread:
    one = OrderThread(placed)
    one.answer()
    return one


def still_waiting(orders: list[OrderThread]) -> list[OrderThread]:
    return [one for one in orders if one.thread.is_alive()]


def assert_that_wait(count: int, orders: list[OrderThread]) -> None:
    """So many of these go on waiting, once the others are refused."""
    deadline = time.monotonic() + NOTICED_S
    while len(still_waiting(orders)) > count and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)
    assert len(still_waiting(orders)) == count


def assert_busy_instantly(*placed: PlacedOrder) -> None:
    """Each is refused before it asks the database anything."""
    for each in placed:
        refused = run_now(each)
        assert isinstance(refused.result, Busy)
        assert refused.took_s < INSTANTLY_S
        assert refused.statements == []


@postgresql_only
def test_a_blocked_account_occupies_two_threads_and_others_go_on(members, settings):
    a, b, c, *_ = members
    with hold_accounts(account_id(a)):
        first = [OrderThread(deposit(a, 1_00)) for _each in range(5)]
        assert_that_wait(2, first)
        assert_busy_instantly(*[deposit(a, 1_00) for _each in range(3)])
        other = run_now(transfer(b, c))
        assert isinstance(other.result, Transaction)
        assert other.took_s < INSTANTLY_S
        # This order also needs the blocked account, but b itself isn't blocked.
        assert isinstance(run_now(transfer(b, a)).result, Busy)
        assert isinstance(run_now(deposit(b, 1_00)).result, Transaction)
        answers = [one.answer() for one in first]
    assert all(isinstance(each, Busy) for each in answers)
    assert settings.ORDER_TIMEOUT_S <= max(one.took_s for one in first) < 5
    assert balances(a, b, c) == [100_00, 91_00, 110_00]
    assert_books_right()


@postgresql_only
def test_all_waiting_orders_occupy_at_most_half_of_the_threads(members, settings):
    with hold_accounts(*(account_id(member) for member in members)):
        orders = [OrderThread(deposit(member, 1_00)) for member in members[:6]]
        assert_that_wait(settings.WEB_THREADS // 2, orders)
    for one in orders:
        one.answer()
    assert_books_right()


def test_an_account_that_is_released_takes_orders_again(members):
    a = members[0]
    with hold_accounts(account_id(a)):
        waiting = [OrderThread(deposit(a, 1_00)) for _each in range(4)]
        assert_that_wait(2, waiting)
    answers = [one.answer() for one in waiting]
    assert sum(isinstance(each, Transaction) for each in answers) == 2
    more = [OrderThread(deposit(a, 1_00)) for _each in range(6)]
    assert all(isinstance(one.answer(), Transaction) for one in more)
    assert balances(a) == [108_00]


@contextmanager
def pass_around(account: int, held_s: float) -> Iterator[None]:
    """Other sessions hold the account in turns (on SQLite the write lock), each for a moment."""
    is_over = Event()

    def take_turns() -> None:
        while not is_over.is_set():
            with suppress(OperationalError), transaction.atomic():
                # A write, because only that shows SQLite that the lock changed hands.
                Account.objects.filter(pk=account).update(currency="KES")
                time.sleep(held_s)
            time.sleep(held_s / 2)

    others = [Thread(target=closing(take_turns)) for _each in range(12)]
    for other in others:
        other.start()
    try:
        yield
    finally:
        is_over.set()
        for other in others:
            other.join()


def test_only_a_lock_that_one_session_holds_at_two_probes_counts_as_kept():
    wait = Wait([1], timeout_s=5)
    assert wait.still_held({1: "a session"}) == set()
    assert wait.still_held({1: "another session"}) == set()
    assert wait.still_held({1: "another session"}) == {1}


@pytest.mark.skipif(not IS_SQLITE, reason="PostgreSQL has a lock for each row")
def test_sqlites_lock_changes_hands_without_a_commit_too():
    """A refused order only rolls back. Without this, a crowd of them looks like one holder."""
    connection.ensure_connection()
    version = connection.connection.version()
    with hold_rows(User.objects.all()):
        held = connection.connection.version()
        assert held != version
        assert connection.connection.version() == held


@postgresql_only
def test_a_busy_account_refuses_no_order(members):
    """Each order waits much longer than two probes, but no session keeps the account."""
    school = members[0]
    with pass_around(account_id(school), held_s=0.02):
        orders = [OrderThread(deposit(school, 1_00)) for _each in range(8)]
        assert all(isinstance(one.answer(), Transaction) for one in orders)
    assert max(one.took_s for one in orders) > 0.25
    assert balances(school) == [108_00]


@postgresql_only
def test_a_blocked_row_of_another_table_occupies_two_threads_too(members):
    """Here it's the row of the user who orders, which the COMMIT needs."""
    operator = User.objects.create_user(name="Payroll")
    with hold_rows(User.objects.filter(pk=operator.pk)):
        orders = [
            OrderThread(PlacedOrder(deposit(member, 1_00).order, operator.pk, f"for {member.pk}"))
            for member in members[:4]
        ]
        assert_that_wait(2, orders)
        assert isinstance(run_now(deposit(members[5], 1_00)).result, Transaction)
    assert sum(isinstance(one.answer(), Transaction) for one in orders) == 2
    assert_books_right()


# ---- A stopped process of PostgreSQL ----------------------------------------------------------


class Stopper:
    """Stops a connection's database process, and lets it go on later."""

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
        """Continue each process and wait until it ends, since its client is gone."""
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
        pytest.skip("this user may not stop the database's processes")
    yield stopper
    connection.close()
    stopper.go_on()


PID = Statement("SELECT pg_backend_pid()")


@postgresql_only
def test_a_database_that_hangs_before_the_commit_answers_busy(members, stopper):
    a, b, *_ = members
    placed, began = transfer(a, b), time.monotonic()
    with watch_statements(stopper.stop_own), pytest.raises(Busy):
        perform_order(placed)
    assert time.monotonic() - began < 5
    assert stopper.pids
    connection.close()
    assert balances(a, b) == [100_00, 100_00]


@postgresql_only
def test_a_database_that_hangs_in_the_commit_is_an_unknown_outcome(members, stopper):
    a, b, c, d, *_ = members
    placed = PlacedOrder(
        transfer(a, b).order, a.pk, "one", precondition=Precondition(PID, stopper.stop)
    )
    stuck = OrderThread(placed)
    time.sleep(NOTICED_S)
    # Orders for other accounts go on.
    other = run_now(transfer(c, d))
    assert isinstance(other.result, Transaction)
    assert other.took_s < 1
    assert isinstance(stuck.answer(), OutcomeUnknown)
    assert stuck.took_s < 5
    stopper.go_on()
    again = perform_order(PlacedOrder(placed.order, a.pk, "one"))
    assert Transaction.objects.filter(idempotency_key="one").count() == 1
    assert again.idempotency_key == "one"
    assert balances(a, b) == [90_00, 110_00]
    assert_books_right()


@postgresql_only
def test_when_half_of_the_threads_hang_the_next_order_is_busy(members, stopper, settings):
    stops = Precondition(PID, stopper.stop)
    hang = [
        OrderThread(PlacedOrder(deposit(member, 1_00).order, member.pk, "one", precondition=stops))
        for member in members[: settings.WEB_THREADS // 2]
    ]
    time.sleep(NOTICED_S)
    assert still_waiting(hang) == hang
    assert_busy_instantly(*[deposit(members[-1], 1_00) for _each in range(3)])
    assert in_thread(User.objects.count) == len(members)
    for one in hang:
        assert isinstance(one.answer(), OutcomeUnknown)
    assert isinstance(run_now(deposit(members[-1], 1_00)).result, Transaction)
