"""Many withdrawals with fees at the same moment never spend a shilling or a fee twice."""

from __future__ import annotations

from functools import partial

import pytest

from ledger import operations
from ledger.errors import FeeChanged, InsufficientFunds
from ledger.kinds import WITHDRAWAL
from ledger.models import Attempt, Entry, Transaction
from ledger.operations import Order
from ledger.rails.simulated import IS_SLOW
from tests.factories import UserFactory, account_id, balance, funded, new_key, send, withdraw
from tests.ledger.support.crowd import run_together
from tests.ledger.support.payouts import assert_right
from tests.ledger.support.prices import price
from wallet import house
from wallet.context import Context

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_of_many_spenders_as_many_are_paid_as_the_fees_leave_room_for():
    """Each takes KES 9 and a fee of 1: of KES 30 three are paid, of KES 29.99 two."""
    price((1_00, 1_00))
    target = UserFactory()
    for held, paid in ((30_00, 3), (29_99, 2)):
        spender = funded(UserFactory(), held)
        outcomes = run_together(*[partial(withdraw, spender, 9_00)] * 8)
        done = [one for one in outcomes if isinstance(one, Transaction)]
        refused = [one for one in outcomes if isinstance(one, InsufficientFunds)]
        assert (len(done), len(refused)) == (paid, 8 - paid)
        assert balance(spender) == held - paid * 10_00
        mixed = funded(UserFactory(), 10_00)
        jobs = [partial(withdraw, mixed, 9_00), partial(send, mixed, target, 9_00)] * 4
        done = [one for one in run_together(*jobs) if isinstance(one, Transaction)]
        assert len(done) == 1
        assert balance(mixed) == 10_00 - done[0].taken_cents
    assert_right()


def test_a_tariff_that_changes_among_orders_charges_each_what_it_agreed_to():
    members = [funded(UserFactory(), 100_00) for _ in range(8)]

    def order(member, key):
        agreed = Order(WITHDRAWAL, 50_00, account_id(member), fee_cents=0)
        return operations.perform(Context(member.pk, key=key), agreed)

    jobs = [partial(order, member, new_key()) for member in members]
    outcomes = run_together(*jobs[:4], partial(price, (1_00, 1_00)), *jobs[4:])
    for member, outcome in zip(members, [*outcomes[:4], *outcomes[5:]], strict=True):
        is_paid = isinstance(outcome, Transaction)
        assert is_paid or isinstance(outcome, FeeChanged)
        assert not is_paid or outcome.fee_cents == 0
        assert balance(member) == (50_00 if is_paid else 100_00)
    assert_right()


def test_a_settlement_and_a_failure_together_end_it_once():
    """Whichever comes first decides about the money and its fee."""
    price((1_00, 1_00))
    for _turn in range(3):
        member = funded(UserFactory(), 5_000_00)
        record = withdraw(member, IS_SLOW)
        Attempt.objects.filter(transaction=record).update(
            state="SENDING", fence=1, sent_at=record.created_at, lease_until=record.created_at
        )
        run_together(
            partial(operations.settle, transaction_id=record.pk, receipt=new_key()),
            partial(operations.fail, transaction_id=record.pk, code="x"),
            partial(operations.settle, transaction_id=record.pk),
        )
        record.refresh_from_db()
        is_paid = record.status == "SUCCESS"
        assert balance(member) == 5_000_00 - (record.taken_cents if is_paid else 0)
        earned = Entry.objects.filter(transaction=record, account=house.FEES.id)
        assert list(earned.values_list("amount_cents", flat=True)) == [1_00] * is_paid
    assert_right()
