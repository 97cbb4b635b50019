"""What came in and went out in a month is the sum of the rows that Activity shows for it."""

from datetime import date

import pytest

from ledger import months
from ledger.months import Month
from tests.factories import send, withdraw
from tests.ledger.support import goals
from tests.ledger.support.prices import price
from tests.unsettled import with_status

pytestmark = pytest.mark.django_db


def test_a_month_adds_up_its_rows(alice, bob, time_machine, django_assert_num_queries):
    account = alice.primary_account()
    # The last second of October in Nairobi, and the first one of November.
    time_machine.move_to("2026-10-31T20:59:59Z")
    send(alice, bob, 10_00)
    time_machine.move_to("2026-10-31T21:00:00Z")
    send(alice, bob, 20_00)
    send(bob, alice, 5_00)
    price((1_00, 22_00))
    with_status(withdraw(alice, 40_00), "PENDING")
    with_status(withdraw(alice, 30_00), "FAILED")
    # Moves of her own money are neither in nor out.
    goal = goals.open_goal(alice)
    goals.save(goal, 100_00)
    goals.take(goal, 60_00)
    with django_assert_num_queries(1):
        found = months.totals(account, date(2026, 1, 1), date(2026, 11, 1))
    january, october, november = (date(2026, month, 1) for month in (1, 10, 11))
    assert found == {
        january: Month(january, in_cents=1_000_00),
        october: Month(october, out_cents=10_00),
        november: Month(november, in_cents=5_00, out_cents=82_00),
    }
    assert months.this_month(account) == found[november]
    assert months.totals(account, date(2026, 2, 1), date(2026, 9, 30)) == {}
