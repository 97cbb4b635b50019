"""Orders that come while another one is under way go on together, and none is ever stuck."""

import signal
import time
from datetime import timedelta
from functools import partial
from threading import Thread

import pytest
from django.db import connection
from django.utils import timezone

from ledger.errors import InsufficientFunds, KeyReused
from ledger.operations import line, perform, reverse
from ledger.operations.orders import Placed
from tests.books import assert_books_right
from tests.factories import account_id
from tests.ledger.support.crowd import closing, held, in_thread, wait_until_somebody_waits
from tests.ledger.support.placed import balances, carried_out, deposit, moments, transfer

IS_SQLITE = connection.vendor == "sqlite"
pytestmark = pytest.mark.django_db(transaction=True)
postgresql_only = pytest.mark.skipif(IS_SQLITE, reason="SQLite has one lock, for everybody")


@pytest.fixture
def patient(monkeypatch):
    """Nobody leaves the line, however slow this machine is."""
    monkeypatch.setattr(line, "PATIENCE_S", 60)


def fails(rows):
    raise ZeroDivisionError


def after_one_that_waits(first: Placed, others: list[Placed]) -> list[object]:
    """What becomes of each, when all others come while the first one waits for its account."""
    answers: dict[int, object] = {}

    def order(number: int, placed: Placed) -> None:
        try:
            answers[number] = carried_out(placed)
        except Exception as refusal:
            answers[number] = refusal

    threads = [
        Thread(target=closing(partial(order, *each))) for each in enumerate([first, *others])
    ]
    with held(first.order.account_ids[0]):
        threads[0].start()
        until(lambda: line.LINE.leader)
        for number, thread in enumerate(threads[1:], 1):
            thread.start()
            until(lambda number=number: len(line.LINE.waiting) == number)
    for thread in threads:
        thread.join()
    assert line.LINE.leader is None
    assert not line.LINE.waiting
    return [answers[number] for number in range(len(threads))]


def until(is_so) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_those_who_come_meanwhile_go_on_together(members, patient):
    a, b, c, d, e, f, g, h, *_ = members
    others = [transfer(c, d), transfer(e, f, 100_01), transfer(g, h), deposit(members[8], 1_00)]
    answers = after_one_that_waits(transfer(a, b), others)
    assert isinstance(answers.pop(2), InsufficientFunds)
    assert moments(answers) == 2
    assert moments(answers[1:]) == 1
    assert balances(a, b, c, d, e, f) == [90_00, 110_00, 90_00, 110_00, 100_00, 100_00]
    assert balances(g, h, members[8]) == [90_00, 110_00, 101_00]
    assert_books_right()


def test_orders_that_share_an_account_go_one_after_another(members, patient):
    a, b, c, d, *_ = members
    answers = after_one_that_waits(transfer(a, b), [transfer(c, d, 60_00), transfer(d, c, 150_00)])
    assert moments(answers) == 3
    assert balances(c, d) == [190_00, 10_00]
    answers = after_one_that_waits(transfer(a, b), [transfer(c, d, 100_00), transfer(c, b, 100_00)])
    assert isinstance(answers[2], InsufficientFunds)
    assert_books_right()


def test_one_key_moves_once(members, patient, caplog):
    a, b, c, d, e, f, *_ = members
    twice = transfer(c, d)
    other = Placed(transfer(e, f).order, twice.actor_id, twice.key)
    _first, *answers = after_one_that_waits(transfer(a, b), [twice, twice, other])
    assert [answers[0].pk, answers[0].is_replay] == [answers[1].pk, not answers[1].is_replay]
    assert isinstance(answers[2], KeyReused)
    assert balances(c, d, e, f) == [90_00, 110_00, 100_00, 100_00]
    assert not caplog.records


def test_what_fails_for_one_fails_for_nobody_else(members, patient):
    a, b, c, d, e, f, *_ = members
    others = [transfer(c, d), transfer(e, f, check=fails)]
    _first, _good, bad = after_one_that_waits(transfer(a, b), others)
    assert isinstance(bad, ZeroDivisionError)
    assert balances(a, b, c, d, e, f) == [90_00, 110_00, 90_00, 110_00, 100_00, 100_00]
    assert_books_right()


@postgresql_only
def test_what_is_played_back_or_taken_back_is_not_in_the_line(members, patient):
    a, b, c, d, *_ = members
    record = carried_out(transfer(c, d))
    then = timezone.now() + timedelta(seconds=1)
    waits = Thread(target=closing(partial(carried_out, transfer(a, b))))
    with held(account_id(a)):
        waits.start()
        until(lambda: line.LINE.leader)
        back = reverse(actor_id=a.pk, transaction_id=record.pk, key=None)
        later = perform(transfer(c, d).order, actor_id=c.pk, key=None, at=then)
    waits.join()
    assert (back.reverses_id, later.created_at) == (record.pk, then)
    assert balances(a, b, c, d) == [90_00, 110_00, 90_00, 110_00]


@postgresql_only
def test_who_waits_for_an_account_does_not_hold_up_the_line(members):
    a, b, c, d, *_ = members
    waits = Thread(target=closing(partial(carried_out, transfer(a, b))))
    with held(account_id(b)):
        waits.start()
        in_thread(wait_until_somebody_waits)
        began = time.monotonic()
        for _each in range(5):
            # Without a key, so that nothing else keeps it from moving twice.
            perform(transfer(c, d).order, actor_id=c.pk, key=None)
        assert time.monotonic() - began < 1
        assert line.LINE.leader is None
        assert waits.is_alive()
    waits.join()
    assert balances(a, b, c, d) == [90_00, 110_00, 50_00, 150_00]
    assert line.LINE.leader is None
    assert not line.LINE.waiting


def test_who_leads_no_more_hands_nothing_over(members):
    a, b, c, d, *_ = members
    was_stuck, leads, waits = (line.Place(transfer(*pair)) for pair in ((a, b), (c, d), (d, c)))
    own = line.Line()
    waits.bell.acquire()
    own.leader, own.waiting = leads, [waits]
    own.hand_over(was_stuck)
    assert own.leader is leads
    own.hand_over(leads)
    assert own.leader is waits
    own.hand_over(waits)
    assert own.leader is None


def test_who_is_interrupted_while_waiting_leaves_the_line(members, patient):
    a, b, c, d, *_ = members

    def interrupt(*_signal):
        raise KeyboardInterrupt

    usual = signal.signal(signal.SIGALRM, interrupt)
    waits = Thread(target=closing(partial(carried_out, transfer(a, b))))
    try:
        with held(account_id(a)):
            waits.start()
            until(lambda: line.LINE.leader)
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            with pytest.raises(KeyboardInterrupt):
                carried_out(transfer(c, d))
    finally:
        signal.signal(signal.SIGALRM, usual)
    waits.join()
    assert line.LINE.leader is None
    assert not line.LINE.waiting
    assert balances(a, b, c, d) == [90_00, 110_00, 100_00, 100_00]
