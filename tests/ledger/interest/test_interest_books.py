"""Interest in the books: no fraction of a cent is lost, and nothing is paid twice or unnoticed."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from functools import partial
from random import Random

import pytest
from django.db import IntegrityError, connection, transaction

from ledger.models import InterestPaid, Transaction
from ledger.models.interest import UNITS_PER_CENT
from ledger.savings import interest
from tests.books import assert_books_right
from tests.factories import UserFactory, balance, funded
from tests.ledger.support.crowd import IS_NIGHTLY, in_thread, run_together
from tests.ledger.support.deaths import Died, act_at, points
from tests.ledger.support.goals import held, open_goal, save, take
from tests.ledger.support.interest import POINTS, at, paid
from tests.ledger.support.rates import rate, tax, write
from tests.ledger.test_crash import worth_dying_at
from tests.tampering import violations, violations_after

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


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
    names, day = worth_dying_at(points(interest.pay_due)), date(2027, 3, 1)
    for months, (number, name) in enumerate(names):
        day = (day + 31 * DAY).replace(day=1)
        clock(*day.timetuple()[:3])
        with pytest.raises(Died):
            in_thread(partial(act_at, number, die, interest.pay_due))
        interest.pay_due()
        assert InterestPaid.objects.count() == months + 3, f"died at {name}"
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
def test_verify_ledger_finds_interest_that_doesnt_follow_from_the_books(goal, clock, tamper):
    rate(POINTS)
    tax(15_00)
    saved = goal.account.entries.get().pk
    clock(2027, 2, 1)
    interest.pay_due()
    found = violations_after(tamper.format(saved=saved))
    assert "interest" in {check for check, _row in found}
    assert violations() == []
