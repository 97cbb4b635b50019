"""On the panel, two people say what became of a payout whose outcome is unknown."""

from __future__ import annotations

import pytest

from ledger.models import Attempt, Verdict
from ledger.payouts import leases, worker
from ledger.rails import Instruction
from tests.adminpanel.support.payouts import BOTH, NOT_PAID, PAID, assert_answers, page, url
from tests.books import nothing_moves
from tests.conftest import signed_in
from tests.factories import balance
from tests.ledger.support.payouts import assert_right, make_due, now_is, sent, state
from tests.pages import problems, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("approval_for_every_payout")]


@pytest.mark.parametrize("headers", BOTH)
def test_two_people_say_that_it_was_paid(unknown, wambui, joseph, headers):
    first = signed_in(wambui)
    response = first.post(url(unknown, "paid"), PAID, headers=headers)
    assert response.headers["HX-Redirect" if headers else "Location"] == url(unknown)
    said = page(first, unknown)
    assert "Saved. Nothing changes until a colleague finds out the same." in said
    assert "Wambui Kariuki It was paid" in said
    assert state(unknown) == "UNKNOWN"
    second = signed_in(joseph)
    second.post(url(unknown, "paid"), PAID, headers=headers)
    assert (state(unknown), unknown.receipt) == ("SUCCEEDED", "R1")
    assert "Two people agree. The payout is complete." in page(second, unknown)
    assert_right()


def test_two_people_say_that_it_was_not_paid(unknown, alice, wambui, joseph):
    for person in (wambui, joseph):
        assert signed_in(person).post(url(unknown, "not-paid"), NOT_PAID).status_code == 303
    assert state(unknown) == "FAILED"
    assert balance(alice) == 1_000_00
    assert_right()


def test_two_people_who_disagree_read_that_they_do(unknown, wambui, joseph):
    signed_in(wambui).post(url(unknown, "paid"), PAID)
    second = signed_in(joseph)
    second.post(url(unknown, "not-paid"), NOT_PAID)
    assert "You and a colleague disagree" in page(second, unknown)
    assert state(unknown) == "UNKNOWN"


def test_two_people_who_agree_while_a_worker_asks_read_that_they_do(unknown, wambui, joseph):
    signed_in(wambui).post(url(unknown, "not-paid"), NOT_PAID)
    make_due()
    assert leases.claim(unknown.pk)
    second = signed_in(joseph)
    for _click in range(2):
        second.post(url(unknown, "not-paid"), NOT_PAID)
        assert "Two people agree. The rail is being asked now" in page(second, unknown)
    assert state(unknown) == "UNKNOWN"


def test_the_same_person_twice_is_one_person(unknown, as_wambui):
    for _ in range(2):
        assert as_wambui.post(url(unknown, "paid"), PAID).status_code == 303
    assert "You said this before." in page(as_wambui, unknown)
    assert (state(unknown), Verdict.objects.count()) == ("UNKNOWN", 1)


@pytest.mark.parametrize("headers", BOTH)
@pytest.mark.parametrize("missing", PAID)
def test_a_finding_needs_a_receipt_and_evidence(unknown, as_wambui, missing, headers):
    given = PAID | {missing: " "}
    response = as_wambui.post(url(unknown, "paid"), given, headers=headers)
    assert response.status_code == 422
    assert_answers(response, headers)
    assert len(problems(response)) == 1
    (other,) = {value for name, value in PAID.items() if name != missing}
    assert other in response.text
    assert not Verdict.objects.exists()


@pytest.mark.parametrize("headers", BOTH)
def test_the_receipt_of_another_payment_is_refused(unknown, alice, rail, as_wambui, headers):
    rail.script = lambda call, reference: "instant"
    paid = sent(alice, 10_00)
    given = PAID | {"paid-receipt": paid.receipt}
    response = as_wambui.post(url(unknown, "paid"), given, headers=headers)
    assert response.status_code == 422
    assert_answers(response, headers)
    assert f"is that of another payment, {paid.transaction.reference}" in problems(response)[0]
    assert PAID["paid-evidence"] in response.text


@pytest.mark.parametrize("headers", BOTH)
def test_what_has_ended_since_is_not_judged_and_nothing_typed_is_lost(
    unknown, rail, as_wambui, headers
):
    rail.script = lambda call, reference: ""
    rail.carry_out(instruction(unknown))
    now_is(unknown, minutes=5)
    worker.do_due()
    assert state(unknown) == "SUCCEEDED"
    with nothing_moves():
        response = as_wambui.post(url(unknown, "not-paid"), NOT_PAID, headers=headers)
    assert response.status_code == 409
    assert_answers(response, headers)
    said = text(response)
    assert "isn't unknown any longer. It was paid at" in said
    assert NOT_PAID["unpaid-evidence"] in said


def instruction(attempt: Attempt) -> Instruction:
    return Instruction(attempt.reference, attempt.transaction.amount_cents)
