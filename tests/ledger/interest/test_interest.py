"""Interest on goals: what a month pays, to whom, and what members read."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection

from ledger import guards, operations
from ledger.leaving import operations as leaving
from ledger.models import Goal, InterestMark, InterestPaid, Transaction
from ledger.operations.interest import earned_so_far
from ledger.savings import interest
from nissmart import work
from tests.api.support.calls import by_token
from tests.books import assert_books_right, nothing_moves
from tests.conftest import signed_in
from tests.factories import UserFactory, account_id, balance, funded, new_key
from tests.ledger.support import goals
from tests.ledger.support.goals import held, save, take
from tests.ledger.support.interest import ONE_A_DAY, POINTS, paid
from tests.ledger.support.rates import rate, tax
from tests.pages import text
from tests.tampering import violations
from wallet import operations as wallet_operations
from wallet.context import SYSTEM, Context
from wallet.models import Message, User

pytestmark = pytest.mark.django_db


def test_a_month_is_paid_once_with_its_tax(goal, saver, clock):
    rate(POINTS)
    tax(15_00)
    assert work.pay_interest in work.PAYMENT_JOBS
    clock(2027, 1, 31, hour=23)
    with nothing_moves():
        work.pay_interest()
    so_far = earned_so_far(goal.account)
    assert (so_far.cents, so_far.paid_on, so_far.points) == (30_00, date(2027, 2, 1), POINTS)
    clock(2027, 2, 1, hour=1)
    assert (work.pay_interest(), work.pay_interest()) == (1, 0)
    InterestMark.objects.all().delete()
    assert (work.pay_interest(), paid()) == (0, [(date(2027, 1, 1), 31_00, 4_65)])
    assert held(goal) == ONE_A_DAY + 31_00 - 4_65
    said = Message.objects.get(user=saver, topic="interest_paid")
    facts = {
        name: said.facts[name].removeprefix("KES\xa0") for name in ("amount", "tax", "balance")
    }
    assert facts == {"amount": "31.00", "tax": "4.65", "balance": "10,026.35"}
    [item] = by_token(saver).get(f"/api/goals/{saver.pk}").json()["items"]
    assert (item["interest_paid_cents"], item["interest_tax_cents"]) == (31_00, 4_65)
    assert item["interest"] == {
        "basis_points": POINTS,
        "tax_basis_points": 15_00,
        "earned_cents": 0,
        "paid_on": "2027-03-01",
    }
    given, taken = Transaction.objects.order_by("pk")[2:]
    assert said.facts["reference"] == given.reference
    assert (given.type, taken.type) == ("INTEREST", "TAX")
    assert (given.orderer_name, given.source_name) == ("Nissmart", "Member interest")
    assert taken.target_name == "Withholding tax payable"
    assert_books_right()
    assert violations() == []


def test_the_balance_at_the_end_of_the_day_counts_and_the_rate_of_that_day(goal, clock):
    rate(POINTS)
    rate(2 * POINTS, date(2027, 1, 21))
    clock(2027, 1, 10, hour=23)
    take(goal, ONE_A_DAY)  # nothing from here on
    clock(2027, 1, 30, hour=23)
    save(goal, ONE_A_DAY)  # two days at the second rate
    clock(2027, 2, 1)
    interest.pay_due()
    assert paid() == [(date(2027, 1, 1), 9_00 + 2 * 2_00, 0)]
    assert violations() == []


def test_a_late_worker_catches_up_and_a_clock_that_jumps_pays_nothing_twice(goal, clock):
    rate(POINTS)
    clock(2028, 3, 15)
    assert interest.pay_due() == 14
    months = {month: cents for month, cents, _tax in paid()}
    # February 2027 has 28 days and that of 2028 has 29. A year has 365 days for all that.
    assert (months[date(2027, 2, 1)], months[date(2028, 2, 1)]) == (28_00, 29_00)
    clock(2027, 6, 1)
    with nothing_moves():
        assert interest.pay_due() == 0
    clock(2028, 4, 2)
    assert interest.pay_due() == 1
    assert violations() == []


def test_one_goal_that_cant_be_paid_stops_no_other(goal, saver, clock):
    other = goals.saving(saver, ONE_A_DAY)
    rate(POINTS)
    clock(2027, 2, 1)
    rewrite_balance_after(goal, 10**18)
    for _turn in range(2):
        with pytest.raises(ExceptionGroup) as failed:
            interest.pay_due()
        [failure] = failed.value.exceptions
        assert failure.__notes__ == [f"goal {goal.pk}"]
        assert [row.goal for row in InterestPaid.objects.all()] == [other]
    assert not InterestMark.objects.exists()
    rewrite_balance_after(goal, ONE_A_DAY)
    assert interest.pay_due() == 1
    assert InterestMark.objects.exists()
    assert violations() == []


def rewrite_balance_after(goal: Goal, cents: int) -> None:
    """With 10**18 the goal earns more units than a column holds."""
    guards.remove(connection)
    goal.account.entries.update(balance_after_cents=cents)
    guards.install(connection)


def test_interest_lands_in_a_locked_goal_above_the_limit_of_a_frozen_wallet(
    goal, saver, clock, settings
):
    rate(POINTS)
    tax(15_00)
    operations.lock_goal(goal_id=goal.pk, until=date(2027, 12, 1))
    wallet_operations.freeze(SYSTEM, account_id(saver))
    settings.LIMIT_CENTS_BALANCE = ONE_A_DAY
    clock(2027, 2, 2)
    assert (interest.pay_due(), held(goal)) == (1, ONE_A_DAY + 31_00 - 4_65)
    assert violations() == []


def test_closing_a_goal_pays_what_it_earned_until_yesterday(goal, saver, clock):
    rate(POINTS)
    clock(2027, 2, 11)  # the worker never came
    goals.close(goal)
    assert balance(saver) == 20_000_00 + 31_00 + 10_00
    assert [row[:2] for row in paid()] == [(date(2027, 1, 1), 31_00), (date(2027, 2, 1), 10_00)]
    clock(2027, 3, 2)
    assert interest.pay_due() == 0
    assert violations() == []


def test_an_account_with_interest_to_come_is_closed_after_its_goals(goal, saver, clock):
    rate(POINTS)
    clock(2027, 1, 11)
    take(goal, ONE_A_DAY)
    spend(saver, 20_000_00)
    with nothing_moves(), pytest.raises(leaving.StillInUse, match=r"KES\s10\.00 in interest"):
        leaving.close(Context(saver.pk), saver.pk)
    goals.close(goal)
    spend(saver, 10_00)
    leaving.close(Context(saver.pk), saver.pk)
    assert violations() == []


def spend(user: User, cents: int) -> None:
    context = Context(user.pk, key=new_key())
    operations.transfer(
        context,
        source_id=account_id(user),
        target_id=account_id(UserFactory()),
        amount_cents=cents,
    )


@pytest.mark.any_engine
def test_members_read_what_they_earn_and_by_which_rule(clock, client):
    saver = funded(UserFactory(), ONE_A_DAY)
    goal = goals.saving(saver, ONE_A_DAY)
    member = signed_in(saver)
    page = f"/savings/{goal.pk}/"
    for quiet in (page, "/help/", "/terms/"):
        assert "a year" not in text(member.get(quiet)).replace("12 months a year", "")
    rate(POINTS)
    tax(15_00)
    said = text(member.get(page))
    assert "Interest is paid on 1 Feb. 3.65% a year" in said
    assert "so far" not in said
    clock(2027, 1, 6)
    member = signed_in(saver)
    said = text(member.get(page))
    assert "KES 5.00 interest so far this month, paid on 1 Feb" in said
    assert "3.65% a year, less 15% tax." in said
    assert "Goals earn 3.65% a year" in text(client.get("/terms/"))
    assert "withhold 15% of it" in text(client.get("/help/"))
    clock(2027, 2, 1)
    interest.pay_due()
    member = signed_in(saver)
    said = text(member.get(page))
    assert "Interest" in said
    assert "Tax on interest" in said
    given = Transaction.objects.get(type="INTEREST")
    assert "Interest on your goal" in text(member.get(f"/activity/{given.reference}/"))
    listed = text(member.get(f"/statement/?account={goal.pk}&from=2027-02-01&to=2027-02-01"))
    assert "Tax on interest" in listed
    assert member.get(f"/activity/{given.reference}/pdf/").status_code == 200
