"""Orders that come at the same time share a transaction; each is done as if it were alone."""

import signal
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Thread

import psycopg
import pytest
import time_machine
from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    connection,
    transaction,
)
from django.utils import timezone

from ledger.errors import InsufficientFunds, KeyReused, OutcomeUnknown
from ledger.models import Transaction
from ledger.operations import Order, line, perform, reverse
from ledger.operations.execution import alone, statements, together
from ledger.operations.orders import Placed, Type
from ledger.operations.retries import is_failure
from tests.books import assert_books_right
from tests.factories import UserFactory, account_id, balance, funded, new_key
from tests.ledger.crowd import closing, held, in_thread, wait_until_somebody_waits, watched
from wallet import pipeline
from wallet.models import Account
from wallet.pipeline import Condition, Statement, Unmet

IS_SQLITE = connection.vendor == "sqlite"
pytestmark = pytest.mark.django_db(transaction=True)
postgresql_only = pytest.mark.skipif(IS_SQLITE, reason="SQLite has one lock, for everybody")

ONE = Statement("SELECT 1")


@pytest.fixture
def members(db):
    return [funded(UserFactory(), 100_00) for _each in range(10)]


@pytest.fixture
def patient(monkeypatch):
    """Nobody leaves the line, however slow this machine is."""
    monkeypatch.setattr(line, "PATIENCE_S", 60)


def transfer(source, target, cents=10_00, key=None, check=None) -> Placed:
    order = Order(Type.TRANSFER, cents, account_id(source), account_id(target))
    condition = Condition(ONE, check) if check else None
    return Placed(order, source.pk, key or new_key(), condition=condition)


def deposit(target, cents) -> Placed:
    return Placed(Order(Type.DEPOSIT, cents, target_id=account_id(target)), target.pk, new_key())


def withdraw(source, cents) -> Placed:
    return Placed(Order(Type.WITHDRAW, cents, source_id=account_id(source)), source.pk, new_key())


def carried_out(placed: Placed) -> Transaction:
    return perform(
        placed.order, actor_id=placed.actor_id, key=placed.key, condition=placed.condition
    )


def balances(*users) -> list[int]:
    return [balance(user) for user in users]


def moments(records) -> int:
    """How many times they have: all orders of one transaction have the same."""
    kept = Transaction.objects.filter(pk__in=[record.pk for record in records])
    assert kept.count() == len(records)
    return kept.values("created_at").distinct().count()


def test_each_kind_of_order_is_carried_out(members):
    a, b, c, d, *_ = members
    batch = [transfer(a, b), deposit(c, 15_00), withdraw(d, 25_00)]
    outcomes = together(batch)
    assert balances(a, b, c, d) == [90_00, 110_00, 115_00, 75_00]
    for placed in batch:
        record = outcomes[placed]
        kept = Transaction.objects.get(pk=record.pk)
        assert Order.of(kept) == placed.order
        assert (kept.reference, kept.idempotency_key) == (record.reference, placed.key)
        assert kept.created_by_id == placed.actor_id
    assert moments(outcomes.values()) == 1
    assert_books_right()


def test_who_is_refused_hinders_nobody(members):
    a, b, c, d, e, f, *_ = members
    Account.objects.filter(user=e).update(is_frozen=True)
    batch = [transfer(a, b), transfer(c, d, 100_01), transfer(e, f)]
    outcomes = together(batch)
    codes = [getattr(outcomes[placed], "code", "done") for placed in batch]
    assert codes == ["done", "insufficient_balance", "account_frozen"]
    assert balances(a, b, c, d, e, f) == [90_00, 110_00, *[100_00] * 4]
    assert_books_right()


def unmet(rows):
    assert rows == [(1,)]
    raise Unmet


def fails(rows):
    raise ZeroDivisionError


def is_met(rows):
    assert rows == [(1,)]


def test_a_condition_that_is_not_met_stops_its_own_order_only(members):
    a, b, c, d, *_ = members
    batch = [transfer(a, b, check=unmet), transfer(c, d, check=is_met)]
    outcomes = together(batch)
    assert isinstance(outcomes[batch[0]], Unmet)
    assert balances(a, b, c, d) == [100_00, 100_00, 90_00, 110_00]


def test_a_key_that_is_known_already_is_left_to_go_alone(members):
    a, b, c, d, *_ = members
    known, new = transfer(a, b), transfer(c, d)
    first = alone(known)
    assert together([known, new]).keys() == {new}
    again = alone(known)
    assert (again.pk, again.is_replay) == (first.pk, True)
    assert balances(a, b, c, d) == [90_00, 110_00, 90_00, 110_00]


def test_orders_that_come_at_midnight_are_left_to_go_alone(members):
    """What they are judged by is of the day before."""
    a, b, *_ = members
    midnight = datetime(2030, 6, 1, 21, 0, tzinfo=UTC)
    with time_machine.travel(midnight - timedelta(microseconds=1), tick=False) as clock:

        def wait(sql):
            if "FROM wallet_account" in sql:
                clock.move_to(midnight)

        with watched(wait):
            assert together([transfer(a, b)]) == {}
        assert balances(a, b) == [100_00, 100_00]
        assert together([placed := transfer(a, b)])[placed].created_at == midnight


@postgresql_only
def test_an_account_that_is_held_is_waited_for_by_nobody(members):
    a, b, c, d, *_ = members
    batch = [transfer(a, b), transfer(c, d)]
    with held(account_id(b)):
        assert together(batch).keys() == {batch[1]}
    assert balances(a, b, c, d) == [100_00, 100_00, 90_00, 110_00]


@postgresql_only
def test_when_the_transaction_fails_nothing_has_moved(members):
    """Here because somebody takes the key who is not done yet when it is looked for."""
    a, b, c, d, e, f, *_ = members
    batch = [transfer(a, b, key="one"), transfer(c, d)]
    first = Placed(transfer(e, f).order, a.pk, "one")
    outcomes = []
    tries = Thread(target=closing(lambda: outcomes.append(together(batch))))
    with transaction.atomic():
        alone.__wrapped__(first)
        pipeline.ask()
        tries.start()
        in_thread(wait_until_somebody_waits)
    tries.join()
    assert outcomes == [{}]
    assert balances(a, b, c, d) == [100_00] * 4
    with pytest.raises(KeyReused):
        alone(batch[0])
    assert_books_right()


@postgresql_only
def test_a_commit_without_an_answer_is_unknown_to_all_that_it_was_for(members, monkeypatch):
    a, b, c, d, e, f, *_ = members
    write = statements.write

    def write_and_die(*args):
        write(*args)
        pipeline.send(Statement("SELECT pg_terminate_backend(pg_backend_pid())"))

    monkeypatch.setattr(statements, "write", write_and_die)
    batch = [transfer(a, b), transfer(c, d), transfer(e, f, 100_01)]
    outcomes = together(batch)
    kinds = [type(outcomes[placed]) for placed in batch]
    assert kinds == [OutcomeUnknown, OutcomeUnknown, InsufficientFunds]
    connection.close()
    assert balances(a, b, c, d) == [100_00] * 4


@pytest.mark.parametrize("error", [RuntimeError, MemoryError, DatabaseError])
def test_what_goes_wrong_after_the_commit_leaves_the_outcome_unknown(members, error):
    """However it went wrong: to carry it out once more would move it twice."""
    a, b, c, d, e, f, *_ = members

    def fail(sql):
        if sql == "COMMITTED":
            raise error

    batch = [transfer(a, b), transfer(c, d)]
    with watched(fail):
        outcomes = together(batch)
        with pytest.raises(OutcomeUnknown):
            carried_out(transfer(e, f))
    assert [type(outcomes[placed]) for placed in batch] == [OutcomeUnknown] * 2
    connection.close()
    assert balances(a, b, c, d, e, f) == [90_00, 110_00] * 3


@pytest.mark.parametrize(
    ("error", "cause", "has_failed"),
    [
        (OperationalError, psycopg.errors.LockNotAvailable, True),
        (OperationalError, psycopg.errors.DeadlockDetected, True),
        (IntegrityError, psycopg.errors.UniqueViolation, True),
        (IntegrityError, sqlite3.IntegrityError, True),
        (DataError, psycopg.errors.NumericValueOutOfRange, True),
        (OperationalError, psycopg.errors.AdminShutdown, False),
        (OperationalError, psycopg.OperationalError, False),
        (InterfaceError, psycopg.InterfaceError, False),
        (DatabaseError, psycopg.DatabaseError, False),
        (OperationalError, sqlite3.OperationalError, False),
    ],
)
def test_only_the_databases_own_word_says_that_a_commit_has_failed(error, cause, has_failed):
    what = error()
    what.__cause__ = cause()
    assert is_failure(what) is has_failed


def test_who_leads_and_is_interrupted_leaves_the_outcome_unknown_to_all(members):
    a, b, c, d, *_ = members

    def interrupt(sql):
        if sql == "COMMITTED":
            raise KeyboardInterrupt

    places = [line.Place(transfer(a, b)), line.Place(transfer(c, d))]
    with watched(interrupt), pytest.raises(KeyboardInterrupt):
        line.serve(places)
    assert [type(place.outcome) for place in places] == [OutcomeUnknown] * 2


def test_keys_are_written_in_one_order_everywhere(members):
    """Two batches that came the other way round would wait for each other."""
    a, b, c, d, *_ = members
    batch = [
        Placed(each.order, a.pk, key)
        for each, key in ((transfer(a, b), "two"), (transfer(c, d), "one"))
    ]
    outcomes = together(batch)
    two, one = (outcomes[placed].entries.first().pk for placed in batch)
    assert one < two


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
