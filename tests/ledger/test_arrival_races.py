"""Messages about the same money at the same moment, in several threads: one of them counts."""

from __future__ import annotations

from functools import partial

import pytest

from ledger.models import Arrival, Attempt, Transaction
from tests.factories import UserFactory, balance
from tests.ledger.support import paya
from tests.ledger.support.arrivals import (
    CENTS,
    answer,
    come,
    confirm,
    number,
    prompted,
    receipt_of,
    typed,
)
from tests.ledger.support.crowd import IS_NIGHTLY, run_together
from tests.ledger.support.payouts import assert_right, say, state, suspense_cents
from wallet.errors import Busy
from wallet.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ROUNDS = 20 if IS_NIGHTLY else 3


@pytest.fixture
def owner(db) -> User:
    return UserFactory()


@pytest.fixture
def rail(owner):
    with paya.known() as rail:
        yield rail


def patient(job):
    """A message whose database is busy is applied later."""

    def run():
        for _turn in range(50):
            try:
                return job()
            except Busy:
                continue
        raise AssertionError("busy for too long")

    return run


@pytest.mark.parametrize("account", ["own", "none"])
def test_twenty_copies_are_one_payment(rail, owner, account):
    typed_number = number(owner) if account == "own" else "rent"
    found = run_together(*[patient(partial(come, rail, typed_number))] * 20)
    first = "applied" if account == "own" else "unmatched"
    assert sorted(found) == sorted([first, *["duplicate"] * 19])
    assert balance(owner) + suspense_cents() == CENTS
    assert Transaction.objects.count() == Arrival.objects.count() == 1
    assert_right()


def test_a_prompt_and_its_paybill_message(rail, owner):
    for count in range(1, ROUNDS + 1):
        attempt = prompted(owner)
        jobs = [
            partial(say, rail, attempt, cents=CENTS),
            partial(come, rail, typed(attempt), receipt_of(attempt)),
        ]
        found = run_together(*[patient(job) for job in jobs * 2])
        assert sorted(found) == ["applied", *["duplicate"] * 3]
        assert (state(attempt), balance(owner)) == ("SUCCEEDED", count * CENTS)
    assert suspense_cents() == 0
    assert_right()


def test_one_receipt_for_three_owners(rail, owner):
    """A prompt, another wallet and no wallet claim the same receipt: the first one has it."""
    other = UserFactory()
    for count in range(1, ROUNDS + 1):
        attempt = prompted(owner)
        receipt = receipt_of(attempt)
        jobs = [
            partial(say, rail, attempt, cents=CENTS),
            partial(come, rail, number(other), receipt),
            partial(come, rail, "rent", receipt),
        ]
        run_together(*[patient(job) for job in jobs])
        assert balance(owner) + balance(other) + suspense_cents() == count * CENTS
        assert Attempt.objects.filter(receipt=receipt).count() <= 1
    assert_right()


def test_two_amounts_of_one_prompt(rail, owner):
    for count in range(1, ROUNDS + 1):
        attempt = prompted(owner)
        jobs = [
            partial(say, rail, attempt, cents=CENTS),
            partial(come, rail, typed(attempt), receipt_of(attempt), CENTS + count),
            partial(say, rail, attempt, cents=CENTS + count),
        ]
        run_together(*[patient(job) for job in jobs])
        booked = Arrival.objects.get(receipt=receipt_of(attempt)).transaction
        assert (booked.type == "DEPOSIT") == (state(attempt) == "SUCCEEDED")
    total = sum(Arrival.objects.values_list("amount_cents", flat=True))
    assert balance(owner) + suspense_cents() == total
    assert_right()


def test_a_confirmation_twice_and_its_message(rail, owner, settings):
    settings.CONFIRM_ABOVE_CENTS = 0
    assert come(rail, number(owner)) == "confirming"
    jobs = [partial(answer, rail), partial(answer, rail), partial(come, rail, number(owner))]
    assert confirm(rail, outcome="pending") == "no_news"
    found = run_together(*[patient(job) for job in jobs])
    assert set(found) <= {"applied", "duplicate", "confirming"}
    assert balance(owner) == CENTS
    assert_right()
