"""`settle` and `fail` survive a process death at any statement and many calls at a time."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import OperationalError

from ledger import operations
from ledger.errors import SettledOtherwise
from ledger.models import Transaction
from ledger.models.tariffs import Purpose
from ledger.references import charge_key
from tests.books import assert_books_right
from tests.factories import UserFactory, balance, deposit, funded
from tests.ledger.support.crowd import IS_NIGHTLY, process, run_together, watch_statements
from tests.ledger.support.later import end, waiting_deposit, waiting_withdrawal
from tests.ledger.support.prices import price
from tests.ledger.test_crash import DIED, act_at, die_at, points, worth_dying_at
from tests.tampering import violations

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

AMOUNT, FEE, CHARGE = 1_00, 5, 3
WAITING = {"deposit": waiting_deposit, "withdraw": waiting_withdrawal}
# By how much each outcome changes the wallet.
CHANGES = {
    ("deposit", "settle"): AMOUNT,
    ("deposit", "fail"): 0,
    ("withdraw", "settle"): 0,
    ("withdraw", "fail"): AMOUNT + FEE,
}
STATUSES = {"settle": "SUCCESS", "fail": "FAILED"}
CROWD = 8
ROUNDS = 60 if IS_NIGHTLY else 2


@pytest.fixture
def owner(db):
    owner = funded(UserFactory(), 40_00)
    price((1_00, FEE))
    price((1_00, CHARGE), purpose=Purpose.CHARGE)
    return owner


def finish(verb: str, transaction_id: int) -> Transaction:
    record: Transaction = getattr(operations, verb)(transaction_id=transaction_id)
    return record


def assert_ended_once(move: str, verb: str, record: Transaction, owner, before: int) -> None:
    stored = Transaction.objects.get(pk=record.pk)
    assert stored.status == STATUSES[verb]
    charges = Transaction.objects.filter(idempotency_key=charge_key(record.reference))
    is_charged = (move, verb) == ("withdraw", "settle")
    assert list(charges.values_list("amount_cents", flat=True)) == [CHARGE] * is_charged
    assert balance(owner) == before + CHANGES[move, verb]
    assert_books_right()


@pytest.mark.parametrize(("move", "verb"), CHANGES)
def test_a_process_that_dies_at_any_statement_loses_and_doubles_nothing(owner, move, verb):
    names = points(finish, verb, WAITING[move](owner, AMOUNT).pk)
    for number, name in worth_dying_at(names):
        record = WAITING[move](owner, AMOUNT)
        before = balance(owner)
        dying = process(die_at, number, finish, verb, record.pk)
        dying.join()
        assert dying.exitcode == DIED, f"{verb} never reached {number}: {name}"
        is_done = name == "COMMITTED"
        now = Transaction.objects.get(pk=record.pk).status
        assert now == (STATUSES[verb] if is_done else "PENDING"), f"{verb} died at {name}"
        assert_books_right()
        assert finish(verb, record.pk).is_replay == is_done
        assert_ended_once(move, verb, record, owner, before)
    assert violations() == []


@pytest.mark.parametrize(("move", "verb"), CHANGES)
def test_a_failed_statement_rolls_back_and_a_retry_works(owner, move, verb):
    def fail():
        raise OperationalError("the disk is full")

    names = points(finish, verb, WAITING[move](owner, AMOUNT).pk)
    for number, name in enumerate(names):
        record = WAITING[move](owner, AMOUNT)
        before = balance(owner)
        with pytest.raises(OperationalError, match="the disk is full"):
            act_at(number, fail, finish, verb, record.pk)
        is_done = name == "COMMITTED"
        assert finish(verb, record.pk).is_replay == is_done
        assert_ended_once(move, verb, record, owner, before)


@pytest.mark.parametrize(("move", "verb"), CHANGES)
def test_many_calls_at_the_same_moment_have_one_effect(owner, move, verb):
    for _round in range(ROUNDS):
        record = WAITING[move](owner, AMOUNT)
        before = balance(owner)
        ended = run_together(*[partial(finish, verb, record.pk)] * CROWD)
        assert {one.pk for one in ended} == {record.pk}
        assert [one.is_replay for one in ended].count(False) == 1
        assert_ended_once(move, verb, record, owner, before)


@pytest.mark.parametrize("move", WAITING)
def test_of_settle_and_fail_at_the_same_moment_one_wins(owner, move):
    for _round in range(2 * ROUNDS):
        record = WAITING[move](owner, AMOUNT)
        before = balance(owner)
        ways = [partial(finish, verb, record.pk) for verb in STATUSES] * (CROWD // 2)
        outcomes = run_together(*ways)
        done = [one for one in outcomes if isinstance(one, Transaction)]
        refused = [one for one in outcomes if isinstance(one, SettledOtherwise)]
        assert (len(done), len(refused)) == (CROWD // 2, CROWD // 2), outcomes
        (status,) = {one.status for one in done}
        verb = {"SUCCESS": "settle", "FAILED": "fail"}[status]
        assert_ended_once(move, verb, record, owner, before)


def test_settling_together_with_the_members_deposits_loses_nothing(owner):
    for _round in range(ROUNDS):
        waiting = [waiting_withdrawal(owner, AMOUNT), waiting_deposit(owner, AMOUNT)]
        before = balance(owner)
        run_together(
            *(partial(end, record, "SUCCESS") for record in waiting),
            *[partial(deposit, owner, AMOUNT)] * 4,
        )
        assert balance(owner) == before + 5 * AMOUNT
    assert_books_right()
    assert violations() == []


def test_settling_a_payout_locks_no_wallet(owner):
    """Its money left the wallet when it was ordered, so a busy wallet must not delay it."""
    record = waiting_withdrawal(owner, AMOUNT)
    seen: list[str] = []
    with watch_statements(seen.append):
        finish("settle", record.pk)
    assert not [sql for sql in seen if "wallet_account" in sql]
