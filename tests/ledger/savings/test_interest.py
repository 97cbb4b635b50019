"""Interest on goals: exact to the fraction of a cent, once a month, whatever happens."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import partial
from random import Random

import pytest
from django.db import IntegrityError, connection, transaction

from ledger import guards, operations, rates
from ledger.leaving import operations as leaving
from ledger.models import Goal, InterestMark, InterestPaid, InterestRate, Transaction
from ledger.models.interest import UNITS_PER_CENT
from ledger.operations.interest import earned_so_far
from ledger.savings import interest
from nissmart import work
from tests.books import assert_books_right, nothing_moves
from tests.conftest import signed_in
from tests.factories import UserFactory, account_id, balance, funded, new_key
from tests.ledger.support import goals
from tests.ledger.support.crowd import IS_NIGHTLY, in_thread, run_together
from tests.ledger.support.deaths import Died, act_at, points
from tests.ledger.support.goals import held, open_goal, save, take
from tests.ledger.support.rates import operator, rate, tax, write
from tests.pages import text
from tests.tampering import violations, violations_after
from wallet import operations as wallet_operations
from wallet.context import SYSTEM, Context
from wallet.errors import NotAllowed, Refusal, TooLate
from wallet.models import AuditEvent, User

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
# 10,000 shillings at 3.65% earn exactly one shilling a day.
ONE_A_DAY, POINTS = 10_000_00, 365


def at(day: date, hour: int = 9) -> datetime:
    """This hour of the day in Nairobi."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour - 3)


@pytest.fixture
def clock(time_machine):
    """The first of January 2027, in the morning. `clock(day)` moves on."""
    time_machine.move_to(at(date(2027, 1, 1)), tick=False)

    def move(*day: int, hour: int = 9) -> None:
        time_machine.move_to(at(date(*day), hour), tick=False)

    return move


@pytest.fixture
def saver(clock) -> User:
    return funded(UserFactory(), 20_000_00)


@pytest.fixture
def goal(saver) -> Goal:
    """Holds 10,000 shillings from the first of January on."""
    return goals.saving(saver, ONE_A_DAY)


def paid() -> list[tuple[date, int, int]]:
    return list(
        InterestPaid.objects.order_by("pk").values_list("month", "gross_cents", "tax_cents")
    )


def test_without_a_rate_that_two_agreed_on_nothing_is_paid(goal, clock):
    write(POINTS)
    clock(2027, 3, 2)
    with nothing_moves():
        assert (interest.pay_due(), earned_so_far(goal.account)) == (0, None)
    assert paid() == []


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
    given, taken = Transaction.objects.order_by("pk")[2:]
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
        assert failure.__notes__ == [f"Goal {goal.pk}"]
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


def test_it_lands_in_a_locked_goal_above_the_limit_of_a_frozen_wallet(goal, saver, clock, settings):
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


@pytest.mark.parametrize("seed", range(20 if IS_NIGHTLY else 1))
def test_over_ten_years_no_fraction_of_a_cent_is_made_or_lost(seed, clock, time_machine, settings):
    """A random history, against a count of each day in exact fractions."""
    settings.LIMIT_CENTS_OUT_PER_DAY = settings.LIMIT_CENTS_BALANCE
    chance = Random(seed)
    goal = open_goal(funded(UserFactory(), 4_000_00))
    day, money, interest_points, tax_points = date(2027, 1, 1), 0, 0, 0
    earned = withheld = Fraction(0)
    gross_cents = tax_cents = 0
    while day < date(2037, 1, 1):
        if day.day == 1:
            time_machine.move_to(at(day, 4), tick=False)
            interest.pay_due()
            new_gross = int(earned) - gross_cents
            withheld += Fraction(new_gross * tax_points, 10_000)
            new_tax = int(withheld) - tax_cents
            gross_cents, tax_cents = gross_cents + new_gross, tax_cents + new_tax
            money += new_gross - new_tax
            assert held(goal) == money, day
        if chance.random() < 0.01:
            time_machine.move_to(at(day, 10), tick=False)
            interest_points = chance.choice([0, 1, 333, 725, 10_000])
            rate(interest_points)
        if chance.random() < 0.002:
            time_machine.move_to(at(day, 11), tick=False)
            tax_points = chance.choice([0, 15_00, 33_33])
            tax(tax_points)
        if chance.random() < 0.02:
            time_machine.move_to(at(day, 23), tick=False)
            cents = chance.randint(1, 500_00)
            move, sign = (take, -1) if money > cents and chance.random() < 0.5 else (save, 1)
            if sign < 0 or balance(goal.account.user) >= cents:
                move(goal, cents)
                money += sign * cents
        earned += Fraction(money * interest_points, 10_000 * 365)
        day += DAY
    last = InterestPaid.objects.latest("pk")
    time_machine.move_to(at(day, 4), tick=False)
    interest.pay_due()
    last = InterestPaid.objects.latest("pk")
    rows = paid()
    assert sum(row[1] for row in rows) + Fraction(last.carried_units, UNITS_PER_CENT) == earned
    withheld += Fraction((sum(row[1] for row in rows) - gross_cents) * tax_points, 10_000)
    assert sum(row[2] for row in rows) + Fraction(last.tax_carried, 10_000) == withheld
    assert gross_cents > 100
    assert_books_right()
    assert violations() == []


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_workers_and_one_that_dies_anywhere_pay_once(goal, saver, clock):
    rate(POINTS)
    tax(15_00)
    clock(2027, 2, 1)
    run_together(*[interest.pay_due] * 3)
    assert paid() == [(date(2027, 1, 1), 31_00, 4_65)]

    def die() -> None:
        connection._rollback()
        raise Died

    clock(2027, 3, 1)
    names, day = points(interest.pay_due), date(2027, 3, 1)
    for number, name in enumerate(names):
        day = (day + 31 * DAY).replace(day=1)
        clock(*day.timetuple()[:3])
        with pytest.raises(Died):
            in_thread(partial(act_at, number, die, interest.pay_due))
        interest.pay_due()
        assert InterestPaid.objects.count() == number + 3, f"died at {name}"
    assert Transaction.objects.filter(type="INTEREST").count() == len(names) + 2
    assert_books_right()
    assert violations() == []


def test_the_database_keeps_what_was_paid_and_agreed(goal, clock):
    first = rate(POINTS)
    own = write(1)
    clock(2027, 2, 1)
    interest.pay_due()
    row = InterestPaid.objects.get()
    again = {name: getattr(row, name) for name in ("goal", "month", "through_day", "units")}
    again |= {"carried_units": 0, "gross_cents": 0, "tax_cents": 0, "tax_carried": 0}
    later = {"month": date(2027, 2, 1), "through_day": date(2027, 2, 2)}
    for wrong in ({}, later | {"carried_units": UNITS_PER_CENT}, later | {"gross_cents": 1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            InterestPaid.objects.create(**again | wrong)
    for change in (
        "UPDATE ledger_interestpaid SET units = 0",
        "DELETE FROM ledger_interestpaid",
        "UPDATE ledger_interestrate SET basis_points = 1",
        "DELETE FROM ledger_rateapproval",
        f"""INSERT INTO ledger_rateapproval (rate_id, approved_by_id, approved_on)
            VALUES ({own.pk}, {own.written_by_id}, '2027-01-01')""",
        f"""INSERT INTO ledger_rateapproval (rate_id, approved_by_id, approved_on)
            VALUES ({own.pk}, {first.approval.approved_by_id}, '2027-01-02')""",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)


@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE ledger_interestpaid SET units = units + 1",
        "UPDATE ledger_interestpaid SET carried_units = 7",
        "UPDATE ledger_interestpaid SET tax_carried = 7",
        "UPDATE ledger_interestpaid SET tax_id = interest_id",
        "UPDATE ledger_interestpaid SET through_day = '2027-01-30'",
        "UPDATE ledger_interestrate SET basis_points = 1",
        "DELETE FROM ledger_rateapproval",
        "DELETE FROM ledger_interestpaid",
        "UPDATE ledger_entry SET created_at = '2027-01-05 00:00:00+00:00' WHERE id = {saved}",
    ],
)
def test_verify_ledger_finds_interest_that_the_books_dont_make(goal, clock, tamper):
    rate(POINTS)
    tax(15_00)
    saved = goal.account.entries.get().pk
    clock(2027, 2, 1)
    interest.pay_due()
    found = violations_after(tamper.format(saved=saved))
    assert "interest" in {check for check, _row in found}
    assert violations() == []


def test_two_operators_set_a_rate_in_the_admin(clock, operator):
    as_operator, add = signed_in(operator), "/admin/ledger/interestrate/add/"
    form = {"purpose": "goals", "basis_points": "725", "reason": "Board, 3 May"}
    for wrong in ({"from_date": "2026-12-31"}, {"basis_points": "10001"}, {"reason": ""}):
        answer = as_operator.post(add, form | {"from_date": "2027-01-02"} | wrong)
        assert "Please correct" in text(answer)
    as_operator.post(add, form | {"from_date": "2027-01-02"})
    made = InterestRate.objects.get()
    assert (made.written_by, made.written_on) == (operator, date(2027, 1, 1))
    listed = "/admin/ledger/interestrate/"
    approval = {
        "action": "approve",
        "_selected_action": made.pk,
        "confirm": "1",
        "reason": "As the board agreed",
    }
    as_operator.post(listed, approval)
    assert not InterestRate.objects.approved().exists()
    with pytest.raises(NotAllowed):
        rates.approve(Context(operator.pk), rate_id=made.pk)
    second = signed_in(colleague())
    second.post(listed, approval)
    assert InterestRate.objects.approved().get() == made
    acts = AuditEvent.objects.acts().filter(action__in=("write_rate", "approve_rate"))
    assert [one.facts["percent"] for one in acts] == ["7.25%"] * 2
    assert "7.25%" in text(as_operator.get(f"{listed}{made.pk}/change/"))


def colleague() -> User:
    return operator("Second O")


def test_a_rate_is_approved_in_time(clock):
    rate(0)
    missed = write(POINTS)
    clock(2027, 1, 2)
    with pytest.raises(TooLate):
        rates.approve(Context(colleague().pk), rate_id=missed.pk)
    for points_, day, why in ((10_001, 3, "Board"), (1, 1, "Board"), (1, 3, "")):
        with pytest.raises(Refusal):
            rates.write(
                Context(colleague().pk, reason=why),
                purpose="goals",
                basis_points=points_,
                from_date=date(2027, 1, day),
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
