"""Group commit: orders that arrive while one is running share the next transaction.

No order gets stuck in the queue.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from threading import Event, Thread
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from ledger.errors import InsufficientFunds, KeyReused
from ledger.operations import group_commit, perform, reverse
from ledger.operations.group_commit import GROUP_COMMIT
from ledger.operations.orders import PlacedOrder
from tests.books import assert_books_right
from tests.factories import account_id
from tests.ledger.support.crowd import (
    closing,
    hold_accounts,
    in_thread,
    wait_for_a_waiter,
    watch_statements,
)
from tests.ledger.support.placed import balances, commits, deposit, perform_order, transfer
from wallet.context import Context
from wallet.errors import OutcomeUnknown

IS_SQLITE = connection.vendor == "sqlite"
pytestmark = pytest.mark.django_db(transaction=True)
postgresql_only = pytest.mark.skipif(IS_SQLITE, reason="SQLite has one lock for everything")


@pytest.fixture
def patient(monkeypatch):
    """Waiting orders let the leader finish, even on a slow machine."""
    monkeypatch.setattr(group_commit, "PATIENCE_S", 60)


class Running:
    """An order that stops in the middle of its transaction until `may_go_on` is set."""

    def __init__(self, source: Any, target: Any) -> None:
        self.has_begun, self.may_go_on = Event(), Event()
        self.placed = transfer(source, target, check=self.pause)

    def pause(self, rows: object) -> None:
        self.has_begun.set()
        assert self.may_go_on.wait(30)


@contextmanager
def running(source: Any, target: Any, answers: dict[int, object]) -> Iterator[None]:
    """During the block order number 0, from source to target, is inside its transaction."""
    order = Running(source, target)
    thread = start(order.placed, 0, answers)
    assert order.has_begun.wait(30)
    try:
        yield
    finally:
        order.may_go_on.set()
        thread.join()


def start(placed: PlacedOrder, number: int, answers: dict[int, object]) -> Thread:
    def order() -> None:
        try:
            answers[number] = perform_order(placed)
        except Exception as refusal:
            answers[number] = refusal

    thread = Thread(target=closing(order))
    thread.start()
    return thread


def while_one_runs(first: tuple[Any, Any], others: list[PlacedOrder]) -> list[Any]:
    """Start the other orders while the first one runs. Returns every order's answer."""
    answers: dict[int, object] = {}
    threads = []
    with running(*first, answers):
        for number, placed in enumerate(others, 1):
            threads.append(start(placed, number, answers))
            wait_until(lambda number=number: GROUP_COMMIT.waiting == number)
    for thread in threads:
        thread.join()
    assert GROUP_COMMIT.waiting == 0
    return [answers[number] for number in range(len(others) + 1)]


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def fails(rows: object) -> None:
    raise ZeroDivisionError


def test_orders_that_wait_for_a_running_one_share_a_transaction(members, patient):
    a, b, c, d, e, f, g, h, *_ = members
    others = [transfer(c, d), transfer(e, f, 100_01), transfer(g, h), deposit(members[8], 1_00)]
    answers = while_one_runs((a, b), others)
    assert isinstance(answers.pop(2), InsufficientFunds)
    assert commits(answers) == 2
    assert commits(answers[1:]) == 1
    assert balances(a, b, c, d, e, f) == [90_00, 110_00, 90_00, 110_00, 100_00, 100_00]
    assert balances(g, h, members[8]) == [90_00, 110_00, 101_00]
    assert_books_right()


def test_a_batch_has_at_most_half_as_many_orders_as_there_are_threads(members, patient, settings):
    assert settings.WEB_THREADS == 8
    answers = while_one_runs(members[:2], [deposit(member, 1_00) for member in members[2:]])
    assert commits(answers) == 3
    assert commits(answers[1:5]) == commits(answers[5:]) == 1


def test_orders_that_share_an_account_run_one_after_another(members, patient):
    a, b, c, d, *_ = members
    answers = while_one_runs((a, b), [transfer(c, d, 60_00), transfer(d, c, 150_00)])
    assert commits(answers) == 3
    assert balances(c, d) == [190_00, 10_00]
    answers = while_one_runs((a, b), [transfer(c, d, 100_00), transfer(c, b, 100_00)])
    assert isinstance(answers[2], InsufficientFunds)
    assert_books_right()


def test_one_key_moves_money_once(members, patient, caplog):
    a, b, c, d, e, f, *_ = members
    twice = transfer(c, d)
    other = PlacedOrder(transfer(e, f).order, twice.actor_id, twice.key)
    _first, *answers = while_one_runs((a, b), [twice, twice, other])
    assert [answers[0].pk, answers[0].is_replay] == [answers[1].pk, not answers[1].is_replay]
    assert isinstance(answers[2], KeyReused)
    assert balances(c, d, e, f) == [90_00, 110_00, 100_00, 100_00]
    assert not caplog.records


def test_only_the_faulty_order_of_a_batch_sees_its_error(members, patient):
    a, b, c, d, e, f, *_ = members
    others = [transfer(c, d), transfer(e, f, check=fails)]
    _first, _good, bad = while_one_runs((a, b), others)
    assert isinstance(bad, ZeroDivisionError)
    assert balances(a, b, c, d, e, f) == [90_00, 110_00, 90_00, 110_00, 100_00, 100_00]
    assert_books_right()


@postgresql_only
def test_orders_with_a_given_time_and_reversals_do_not_queue(members, patient):
    a, b, c, d, *_ = members
    record = perform_order(transfer(c, d))
    then = timezone.now() + timedelta(seconds=1)
    with running(a, b, {}):
        back = reverse(Context(a.pk), transaction_id=record.pk)
        later = perform(Context(c.pk), transfer(c, d).order, at=then)
    assert (back.reverses_id, later.created_at) == (record.pk, then)
    assert balances(a, b, c, d) == [90_00, 110_00, 90_00, 110_00]


@postgresql_only
def test_an_order_that_waits_for_an_account_does_not_delay_others(members):
    a, b, c, d, *_ = members
    answers: dict[int, object] = {}
    with hold_accounts(account_id(b)):
        waits = start(transfer(a, b), 0, answers)
        in_thread(wait_for_a_waiter)
        began = time.monotonic()
        for _each in range(5):
            # Without a key, so that a second run would really move the money twice.
            perform(Context(c.pk), transfer(c, d).order)
        assert time.monotonic() - began < 1
        assert waits.is_alive()
    waits.join()
    assert balances(a, b, c, d) == [90_00, 110_00, 50_00, 150_00]
    assert GROUP_COMMIT.waiting == 0


def interrupt(*_signal: object) -> None:
    raise KeyboardInterrupt


def test_an_interrupted_order_leaves_the_queue(members, patient):
    a, b, c, d, *_ = members
    original = signal.signal(signal.SIGALRM, interrupt)
    try:
        with running(a, b, {}):
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            with pytest.raises(KeyboardInterrupt):
                perform_order(transfer(c, d))
            assert GROUP_COMMIT.waiting == 0
    finally:
        signal.signal(signal.SIGALRM, original)
    assert balances(a, b, c, d) == [90_00, 110_00, 100_00, 100_00]


def test_an_interrupted_leader_leaves_its_batch_with_an_unknown_outcome(members, patient):
    a, b, c, d, e, f, *_ = members
    answers: dict[int, object] = {}
    first = Running(a, b)
    threads = [start(first.placed, 0, answers)]
    assert first.has_begun.wait(30)

    def let_it_lead() -> None:
        wait_until(lambda: GROUP_COMMIT.waiting == 1)
        threads.append(start(transfer(e, f), 1, answers))
        wait_until(lambda: GROUP_COMMIT.waiting == 2)
        first.may_go_on.set()

    def interrupt_after_commit(sql: str) -> None:
        if sql == "COMMITTED":
            raise KeyboardInterrupt

    threads.append(Thread(target=let_it_lead))
    threads[-1].start()
    with watch_statements(interrupt_after_commit), pytest.raises(KeyboardInterrupt):
        perform_order(transfer(c, d))
    while threads:
        threads.pop(0).join()
    assert isinstance(answers[1], OutcomeUnknown)
    connection.close()
    assert balances(c, d, e, f) == [90_00, 110_00, 90_00, 110_00]
    assert balances(*members[6:8]) == [100_00] * 2
    in_thread(partial(perform_order, transfer(c, d)))
