"""A process may die at any statement: the books balance, and a retry moves the money once."""

import os
import sqlite3

import psycopg
import pytest
from django.db import OperationalError, connection

from ledger.models import Transaction
from tests.books import assert_books_right
from tests.factories import UserFactory, balance, funded
from tests.ledger.support.crowd import IS_NIGHTLY, process, watch_statements
from tests.ledger.support.moves import MOVES, arguments_for, call
from wallet.models import Account, User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

DIED = 86
# These change nothing that outlives a transaction.
READS = ("SELECT", "SAVEPOINT", "RELEASE", "SET")
FUNDS, AMOUNT = 10_00, 1_00
TYPES = {"reverse": "REVERSAL"}
CHANGES = {"deposit": (1, 0), "transfer": (-1, 1), "withdraw": (-1, 0), "reverse": (1, -1)}


@pytest.fixture
def owner(db):
    return funded(UserFactory(), FUNDS)


@pytest.fixture
def other(db):
    return funded(UserFactory(), FUNDS)


def points(job, *args):
    """The statements of this job, where it can be interrupted. Runs it once to find them."""
    names: list[str] = []
    with watch_statements(names.append):
        job(*args)
    assert names.count("COMMIT") == 1
    assert names[-1] == "COMMITTED"
    return names


def worth_dying_at(names):
    """The points to try: those before a write, and around each COMMIT. All of them nightly.

    A death before a read leaves in the database what a death at the next of these leaves.
    """
    return [
        (number, name)
        for number, name in enumerate(names)
        if IS_NIGHTLY or number == 0 or not str(name).lstrip().startswith(READS)
    ]


def act_at(number, act, job, *args):
    """Run the job, and call `act` at the statement with this number."""
    left = number

    def visit(_name):
        nonlocal left
        left -= 1
        if left == -1:
            act()

    with watch_statements(visit):
        return job(*args)


def die_at(number, job, *args):
    act_at(number, lambda: os._exit(DIED), job, *args)


def test_a_process_that_dies_at_any_statement_loses_and_doubles_nothing(owner, other):
    for move in MOVES:
        names = points(call, move, arguments_for(move, owner, other, AMOUNT))
        for number, name in worth_dying_at(names):
            arguments = arguments_for(move, owner, other, AMOUNT, key=f"{move} {number}")
            before = balance(owner), balance(other)
            dying = process(die_at, number, call, move, arguments)
            dying.join()
            assert dying.exitcode == DIED, f"{move} never reached {number}: {name}"
            is_done = name == "COMMITTED"
            assert happened(arguments["key"]) == is_done, f"{move} died at {name}"
            assert_books_right()
            assert call(move, arguments).is_replay == is_done
            assert_done_once(move, arguments["key"], before, (owner, other))


def happened(key):
    return Transaction.objects.filter(idempotency_key=key).exists()


def assert_done_once(move, key, before, people):
    record = Transaction.objects.get(idempotency_key=key)
    assert (record.type, record.amount_cents) == (TYPES.get(move, move.upper()), AMOUNT)
    changes = CHANGES[move]
    expected = tuple(held + sign * AMOUNT for held, sign in zip(before, changes, strict=True))
    assert tuple(balance(person) for person in people) == expected
    assert_books_right()


def test_a_failed_statement_rolls_back_and_a_retry_works(owner, other):
    def fail():
        raise OperationalError("the disk is full")

    for move in MOVES:
        names = points(call, move, arguments_for(move, owner, other, AMOUNT))
        for number, name in enumerate(names):
            arguments = arguments_for(move, owner, other, AMOUNT, key=f"{move} {number}")
            before = balance(owner), balance(other)
            with pytest.raises(OperationalError, match="the disk is full"):
                act_at(number, fail, call, move, arguments)
            is_done = name == "COMMITTED"
            assert happened(arguments["key"]) == is_done, f"{move} failed at {name}"
            assert_books_right()
            assert call(move, arguments).is_replay == is_done
            assert_done_once(move, arguments["key"], before, (owner, other))


def test_a_deadlock_or_a_lock_conflict_is_retried_and_moves_money_once(owner, other):
    def collide():
        if connection.vendor == "postgresql":
            raise OperationalError from psycopg.errors.DeadlockDetected()
        busy = sqlite3.OperationalError("database is locked")
        busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise OperationalError from busy

    for move in MOVES:
        names = points(call, move, arguments_for(move, owner, other, AMOUNT))
        # A reversal first reads the transaction to reverse, and that needs no lock.
        begin = names.index(next(name for name in names if "ledger_transaction" not in name))
        for number in range(begin, len(names) - 1):  # After the COMMIT no lock is needed.
            arguments = arguments_for(move, owner, other, AMOUNT, key=f"{move} {number}")
            before = balance(owner), balance(other)
            assert not act_at(number, collide, call, move, arguments).is_replay
            assert_done_once(move, arguments["key"], before, (owner, other))


def open_member(name):
    User.objects.create_user(name=name, email=f"{name}@example.com")


def test_a_process_that_dies_while_it_opens_a_member_leaves_none_without_a_wallet(db):
    for number, name in worth_dying_at(points(open_member, "dan")):
        dying = process(die_at, number, open_member, f"dan{number}")
        dying.join()
        assert dying.exitcode == DIED
        person = User.objects.filter(name=f"dan{number}")
        assert person.exists() == (name == "COMMITTED")
        assert Account.objects.filter(user__in=person).exists() == person.exists()
