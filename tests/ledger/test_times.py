"""Entry times of an account never decrease, although the clocks of web machines differ."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from ledger.errors import DailyLimitReached
from ledger.models import Entry
from ledger.operations.execution import run_batch
from tests.books import assert_books_right
from tests.factories import account_id
from tests.ledger.support.placed import deposit, perform_order, transfer, withdraw

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2030, 6, 1, 9, 0, tzinfo=UTC)
BEHIND = timedelta(milliseconds=50)


def times_of(*members: object) -> list[list[datetime]]:
    entries = Entry.objects.order_by("pk")
    return [
        list(entries.filter(account=account_id(each)).values_list("created_at", flat=True))
        for each in members
    ]


def test_a_machine_with_a_slow_clock_writes_no_earlier_time(members):
    a, b, c, *_ = members
    with time_machine.travel(NOON, tick=False):
        perform_order(transfer(a, b))
    with time_machine.travel(NOON - BEHIND, tick=False):
        for placed in (transfer(b, c), transfer(c, a), deposit(a, 1_00), withdraw(b, 1_00)):
            perform_order(placed)
    for times in times_of(a, b, c):
        assert times == sorted(times)
        assert times[-1] == NOON
    assert_books_right()


def test_an_account_that_is_ahead_does_not_change_the_time_of_others(members):
    a, b, c, d, *_ = members
    with time_machine.travel(NOON, tick=False):
        perform_order(transfer(a, b))
    with time_machine.travel(NOON - BEHIND, tick=False):
        batch = [transfer(b, a), transfer(c, d)]
        outcomes = run_batch(batch, time.monotonic() + 30)
    assert outcomes[batch[0]].created_at == NOON
    assert outcomes[batch[1]].created_at == NOON - BEHIND
    assert_books_right()


def test_an_order_counts_to_the_day_of_its_entries(members, settings):
    """The account's last entry is from tomorrow, so the order uses tomorrow's limit."""
    a, b, *_ = members
    settings.LIMIT_CENTS_OUT_PER_DAY = 15_00
    midnight = datetime(2030, 6, 1, 21, 0, tzinfo=UTC)
    with time_machine.travel(midnight, tick=False):
        perform_order(transfer(a, b))
    with time_machine.travel(midnight - BEHIND, tick=False):
        placed = transfer(a, b)
        assert run_batch([placed], time.monotonic() + 30) == {}
        with pytest.raises(DailyLimitReached):
            perform_order(placed)
    assert_books_right()
