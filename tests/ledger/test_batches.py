"""Orders of one batch share a transaction, and each gets the answer it would get alone."""

import time
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
import time_machine
from django.db import connection, transaction

from ledger.errors import KeyReused
from ledger.models import Transaction
from ledger.operations import Order
from ledger.operations.execution import Outcome, carry_out, run_batch
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
from tests.ledger.support.placed import (
    balances,
    commits,
    deposit,
    perform_order,
    transfer,
    withdraw,
)
from wallet.db import pipeline
from wallet.db.preconditions import Unmet
from wallet.models import Account

IS_SQLITE = connection.vendor == "sqlite"
pytestmark = pytest.mark.django_db(transaction=True)
postgresql_only = pytest.mark.skipif(IS_SQLITE, reason="SQLite has one lock for everything")


def run(batch: list[PlacedOrder]) -> dict[PlacedOrder, Outcome]:
    return run_batch(batch, time.monotonic() + 30)


def test_each_kind_of_order_is_carried_out(members):
    a, b, c, d, *_ = members
    batch = [transfer(a, b), deposit(c, 15_00), withdraw(d, 25_00)]
    outcomes = run(batch)
    assert balances(a, b, c, d) == [90_00, 110_00, 115_00, 75_00]
    for placed in batch:
        record = outcomes[placed]
        kept = Transaction.objects.get(pk=record.pk)
        assert Order.of(kept) == placed.order
        assert (kept.reference, kept.idempotency_key) == (record.reference, placed.key)
        assert kept.created_by_id == placed.actor_id
    assert commits(list(outcomes.values())) == 1
    assert_books_right()


def test_a_refusal_affects_only_its_own_order(members):
    a, b, c, d, e, f, *_ = members
    Account.objects.filter(user=e).update(is_frozen=True, frozen_by="staff")
    batch = [transfer(a, b), transfer(c, d, 100_01), transfer(e, f)]
    outcomes = run(batch)
    codes = [getattr(outcomes[placed], "code", "done") for placed in batch]
    assert codes == ["done", "insufficient_balance", "account_frozen"]
    assert balances(a, b, c, d, e, f) == [90_00, 110_00, *[100_00] * 4]
    assert_books_right()


def unmet(rows):
    assert rows == [(1,)]
    raise Unmet


def is_met(rows):
    assert rows == [(1,)]


def test_an_unmet_precondition_stops_its_own_order_only(members):
    a, b, c, d, *_ = members
    batch = [transfer(a, b, check=unmet), transfer(c, d, check=is_met)]
    outcomes = run(batch)
    assert isinstance(outcomes[batch[0]], Unmet)
    assert balances(a, b, c, d) == [100_00, 100_00, 90_00, 110_00]


def test_a_batch_leaves_out_an_order_whose_key_exists(members):
    a, b, c, d, *_ = members
    known, new = transfer(a, b), transfer(c, d)
    first = perform_order(known)
    assert run([known, new]).keys() == {new}
    again = perform_order(known)
    assert (again.pk, again.is_replay) == (first.pk, True)
    assert balances(a, b, c, d) == [90_00, 110_00, 90_00, 110_00]


def test_a_batch_leaves_out_orders_that_wait_over_midnight(members):
    """Their daily limit was checked for the day before."""
    a, b, *_ = members
    midnight = datetime(2030, 6, 1, 21, 0, tzinfo=UTC)
    with time_machine.travel(midnight - timedelta(microseconds=1), tick=False) as clock:

        def wait(sql):
            if "FROM wallet_account" in sql:
                clock.move_to(midnight)

        with watch_statements(wait):
            assert run([transfer(a, b)]) == {}
        assert balances(a, b) == [100_00, 100_00]
        assert run([placed := transfer(a, b)])[placed].created_at == midnight


@postgresql_only
def test_a_batch_does_not_wait_for_a_held_account(members):
    a, b, c, d, *_ = members
    batch = [transfer(a, b), transfer(c, d)]
    with hold_accounts(account_id(b)):
        assert run(batch).keys() == {batch[1]}
    assert balances(a, b, c, d) == [100_00, 100_00, 90_00, 110_00]


@postgresql_only
def test_a_batch_whose_transaction_fails_moves_nothing(members):
    """It fails because another transaction commits the same key after the batch looked for it."""
    a, b, c, d, e, f, *_ = members
    batch = [transfer(a, b, key="one"), transfer(c, d)]
    first = PlacedOrder(transfer(e, f).order, a.pk, "one")
    outcomes = []
    batch_thread = Thread(target=closing(lambda: outcomes.append(run(batch))))
    with transaction.atomic():
        carry_out(first)
        pipeline.ask()
        batch_thread.start()
        in_thread(wait_for_a_waiter)
    batch_thread.join()
    assert outcomes == [{}]
    assert balances(a, b, c, d) == [100_00] * 4
    with pytest.raises(KeyReused):
        perform_order(batch[0])
    assert_books_right()


def test_a_batch_writes_its_keys_in_sorted_order(members):
    """Two batches that write the same keys in opposite order could deadlock."""
    a, b, c, d, *_ = members
    batch = [
        PlacedOrder(each.order, a.pk, key)
        for each, key in ((transfer(a, b), "two"), (transfer(c, d), "one"))
    ]
    outcomes = run(batch)
    two, one = (outcomes[placed].entries.first().pk for placed in batch)
    assert one < two
