"""Whatever messages come in whatever order, a plain model says where the money is."""

from __future__ import annotations

from random import Random

import pytest

from ledger.models import Arrival, Attempt
from tests.factories import UserFactory, balance
from tests.ledger.support import paya
from tests.ledger.support.arrivals import CENTS, come, number, prompted, receipt_of, typed
from tests.ledger.support.crowd import IS_NIGHTLY
from tests.ledger.support.payouts import assert_right, say, state, suspense_cents
from wallet.models import User

pytestmark = pytest.mark.django_db

MESSAGES = 400 if IS_NIGHTLY else 40
SUSPENSE = "suspense"


class Model:
    """`booked` says where the money of each receipt is: with a member, or in suspense."""

    def __init__(self) -> None:
        self.booked: dict[str, tuple[object, int]] = {}
        self.ended: dict[int, bool] = {}

    def book(self, receipt: str, where: object, cents: int) -> None:
        self.booked[receipt] = (where, cents)

    def pays(self, attempt: Attempt, receipt: str, cents: int) -> None:
        """A deposit is credited by the first success with its amount; all besides is a stray."""
        is_paid = attempt.pk not in self.ended and cents == CENTS
        self.ended.setdefault(attempt.pk, is_paid)
        self.book(receipt, attempt.transaction.created_by if is_paid else SUSPENSE, cents)

    def prompt(self, attempt: Attempt, cents: int) -> None:
        receipt = receipt_of(attempt)
        if receipt not in self.booked and not self.ended.get(attempt.pk):
            self.pays(attempt, receipt, cents)
        elif cents != CENTS:
            self.ended.setdefault(attempt.pk, False)

    def paybill(self, owner: object, receipt: str, cents: int) -> None:
        if receipt in self.booked:
            return
        if isinstance(owner, Attempt):
            self.pays(owner, receipt, cents)
        else:
            self.book(receipt, owner, cents)

    def cents(self, where: object) -> int:
        return sum(cents for at, cents in self.booked.values() if at == where)


@pytest.mark.parametrize("seed", range(10 if IS_NIGHTLY else 2))
def test_messages_in_any_order(db, seed):
    chance, model = Random(seed), Model()
    with paya.known() as rail:
        people = [UserFactory() for _each in range(2)]
        attempts = [prompted(one) for one in people for _each in range(3)]
        for _message in range(MESSAGES):
            attempt = chance.choice(attempts)
            cents = CENTS + chance.choice([0, 0, 0, 1_00])
            if chance.random() < 0.4:
                say(rail, attempt, cents=cents)
                model.prompt(attempt, cents)
                continue
            receipt = chance.choice([receipt_of(attempt), f"C{chance.randrange(20)}"])
            owner = chance.choice([attempt, *people, SUSPENSE])
            come(rail, account_of(owner), receipt, cents)
            model.paybill(owner, receipt, cents)
        for person in people:
            assert balance(person) == model.cents(person)
        assert suspense_cents() == model.cents(SUSPENSE)
        for attempt in attempts:
            wanted = {None: "SENT", True: "SUCCEEDED", False: "FAILED"}
            assert state(attempt) == wanted[model.ended.get(attempt.pk)]
        assert Arrival.objects.count() == len(model.booked)
        assert_right()


def account_of(owner: object) -> str:
    if isinstance(owner, Attempt):
        return typed(owner)
    return number(owner) if isinstance(owner, User) else "rent"
