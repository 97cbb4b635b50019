"""What came in and went out in a month is the sum of the rows that Activity shows for it."""

from datetime import date

import pytest

from ledger import account_days, months
from ledger.models import Entry
from ledger.months import Month
from tests.factories import send
from tests.ledger.support import goals
from tests.ledger.support.later import end, waiting_withdrawal
from tests.ledger.support.prices import price
from tests.tampering import violations

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("batch", [0, 1, 5, 100])
def test_a_month_adds_up_its_rows(alice, bob, time_machine, django_assert_num_queries, batch):
    """However many of its entries are folded."""
    account = alice.primary_account()
    # The last second of October in Nairobi, and the first one of November.
    time_machine.move_to("2026-10-31T20:59:59Z")
    send(alice, bob, 10_00)
    price((1_00, 22_00))
    failing = waiting_withdrawal(alice, 30_00)
    time_machine.move_to("2026-10-31T21:00:00Z")
    # A payout that fails counts in no month, also when it ends in another one.
    end(failing, "FAILED")
    send(alice, bob, 20_00)
    send(bob, alice, 5_00)
    waiting_withdrawal(alice, 40_00)
    # Moves of her own money are neither in nor out.
    goal = goals.open_goal(alice)
    goals.save(goal, 100_00)
    goals.take(goal, 60_00)
    if batch:
        account_days.fold_all(min(batch, Entry.objects.count()))
    with django_assert_num_queries(2):
        found = months.totals(account, date(2026, 1, 1), date(2026, 11, 1))
    january, october, november = (date(2026, month, 1) for month in (1, 10, 11))
    assert found == {
        january: Month(january, in_cents=1_000_00),
        october: Month(october, out_cents=10_00),
        november: Month(november, in_cents=5_00, out_cents=82_00),
    }
    assert months.this_month(account) == found[november]
    assert months.totals(account, date(2026, 2, 1), date(2026, 9, 30)) == {}
    assert violations() == []
