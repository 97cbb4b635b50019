"""Rates of interest and tax: dated, agreed by two operators, and never changed."""

from __future__ import annotations

from datetime import date

import pytest

from ledger import rates
from ledger.models import InterestRate
from ledger.models.interest import points_on
from ledger.operations.interest import earned_so_far
from ledger.savings import interest
from tests.books import nothing_moves
from tests.conftest import signed_in
from tests.ledger.support.interest import POINTS, paid
from tests.ledger.support.rates import operator, rate, write
from tests.pages import text
from wallet.context import Context
from wallet.errors import NotAllowed, Refusal, TooLate
from wallet.models import AuditEvent, User

pytestmark = pytest.mark.django_db


def test_without_an_approved_rate_nothing_is_paid(goal, clock):
    write(POINTS)
    clock(2027, 3, 2)
    with nothing_moves():
        assert (interest.pay_due(), earned_so_far(goal.account)) == (0, None)
    assert paid() == []


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


def test_of_two_rates_for_a_day_the_one_written_later_counts_and_the_admin_says_so(clock, operator):
    late = write(1_00)
    replaced, counting = rate(2_00), rate(3_00)
    with pytest.raises(TooLate, match="written later"):
        rates.approve(Context(colleague().pk), rate_id=late.pk)
    found = InterestRate.objects.with_replaced()
    assert [one for one in found if not one.is_replaced] == [counting]
    assert points_on(InterestRate.objects.versions("goals"), replaced.from_date) == 3_00
    listed = text(signed_in(operator).get("/admin/ledger/interestrate/"))
    assert listed.count("Replaced by a rate that was written later") == 2


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
