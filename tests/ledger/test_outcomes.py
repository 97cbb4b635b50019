"""`outcomes.find` says for certain whether an order was carried out, or raises Busy."""

from functools import partial

import pytest

from ledger import operations
from ledger.operations import outcomes
from tests.factories import account_id
from tests.ledger.support.commits import hold_in_commit
from tests.ledger.support.crowd import wait_at_most
from tests.ledger.support.moves import ORDERS, arguments_for, call
from wallet.context import Context
from wallet.errors import Busy

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("move", ORDERS)
@pytest.mark.parametrize("is_carried_out", [True, False])
def test_the_outcome_is_busy_while_the_order_is_in_its_commit(alice, bob, move, is_carried_out):
    arguments = arguments_for(move, alice, bob)
    find = partial(
        outcomes.find, Context(alice.pk, key=arguments["key"]), account_id=account_id(alice)
    )
    order = partial(call, move, arguments)
    with hold_in_commit(order, is_carried_out=is_carried_out) as go_on:
        with wait_at_most(0.05), pytest.raises(Busy):
            find()
        go_on()
        record = find()
    assert (record is not None) == is_carried_out
    # A retry is a replay if the first one was carried out, and otherwise the first.
    again = call(move, arguments)
    assert again.is_replay == is_carried_out
    assert find() == again


def test_finds_only_the_actors_own_key(alice, bob):
    made = operations.deposit(
        Context(alice.pk, key="one"), account_id=account_id(alice), amount_cents=1_00
    )
    for_alice = outcomes.find(Context(alice.pk, key="one"), account_id=account_id(alice))
    for_bob = outcomes.find(Context(bob.pk, key="one"), account_id=account_id(bob))
    other_key = outcomes.find(Context(alice.pk, key="One"), account_id=account_id(alice))
    assert (for_alice, for_bob, other_key) == (made, None, None)
