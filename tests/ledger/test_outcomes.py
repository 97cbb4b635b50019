"""What became of an order is known for certain, or it is Busy."""

from functools import partial

import pytest

from ledger import operations
from ledger.operations import outcomes
from tests.factories import account_id
from tests.ledger.support.commits import stuck_in_its_commit
from tests.ledger.support.crowd import wait_at_most
from tests.ledger.support.moves import ORDERS, asked, call
from wallet.context import Context
from wallet.errors import Busy

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("move", ORDERS)
@pytest.mark.parametrize("is_carried_out", [True, False])
def test_an_order_in_its_commit_is_neither_done_nor_not(alice, bob, move, is_carried_out):
    asks = asked(move, alice, bob)
    find = partial(outcomes.find, Context(alice.pk, key=asks["key"]), account_id=account_id(alice))
    order = partial(call, move, asks)
    with stuck_in_its_commit(order, is_carried_out=is_carried_out) as go_on:
        with wait_at_most(0.05), pytest.raises(Busy):
            find()
        go_on()
        record = find()
    assert (record is not None) == is_carried_out
    # The same order again is that one, or the first.
    again = call(move, asks)
    assert again.is_replay == is_carried_out
    assert find() == again


def test_it_looks_for_the_actors_own_key_only(alice, bob):
    made = operations.deposit(
        Context(alice.pk, key="one"), account_id=account_id(alice), amount_cents=1_00
    )
    for_alice = outcomes.find(Context(alice.pk, key="one"), account_id=account_id(alice))
    for_bob = outcomes.find(Context(bob.pk, key="one"), account_id=account_id(bob))
    other_key = outcomes.find(Context(alice.pk, key="One"), account_id=account_id(alice))
    assert (for_alice, for_bob, other_key) == (made, None, None)
