"""On a transaction's page, two people say what became of a deposit whose outcome is unknown."""

from __future__ import annotations

import pytest

from ledger.models import Attempt, Verdict
from tests.adminpanel.support.payouts import NOT_PAID, PAID
from tests.books import nothing_moves
from tests.conftest import signed_in
from tests.factories import balance, deposit, withdraw
from tests.ledger.support import paya
from tests.ledger.support.payouts import assert_right, sent, state
from tests.pages import htmx, is_part, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def unknown(alice) -> Attempt:
    with paya.known() as rail:
        rail.script = lambda call, reference: "lost"
        yield sent(alice, move=deposit)


def url(attempt: Attempt, act: str = "") -> str:
    return f"/panel/transactions/{attempt.transaction.reference}/{act and f'{act}/'}"


def test_two_people_say_that_it_was_paid(unknown, alice, wambui, joseph):
    first, second, before = signed_in(wambui), signed_in(joseph), balance(alice)
    assert url(unknown) in first.get("/panel/deposits/?tab=failed").text
    assert "What became of it?" in text(first.get(url(unknown)))
    with nothing_moves():
        assert first.post(url(unknown, "paid"), PAID).headers["Location"] == url(unknown)
    said = text(first.get(url(unknown)))
    assert "Saved. Nothing changes until a colleague finds out the same." in said
    assert "Wambui Kariuki It was paid" in said
    assert "Line 12 of the statement" in said
    answer = second.post(url(unknown, "paid"), PAID, headers=htmx("verdict"))
    assert answer.headers["HX-Redirect"] == url(unknown)
    assert (state(unknown), unknown.receipt) == ("SUCCEEDED", "R1")
    assert balance(alice) == before + unknown.transaction.amount_cents
    assert "Two people agree. The money is in the wallet." in text(second.get(url(unknown)))
    assert_right()
    # Who comes too late reads what they typed, and that it has ended.
    late = second.post(url(unknown, "not-paid"), NOT_PAID, headers=htmx("verdict"))
    assert late.status_code == 409
    assert "isn't unknown any longer" in text(late)
    assert "Not on the statement up to 14:00" in text(late)


def test_two_people_say_that_it_was_not_paid(unknown, alice, wambui, joseph):
    before = balance(alice)
    for person in (wambui, joseph):
        client = signed_in(person)
        assert client.post(url(unknown, "not-paid"), NOT_PAID).status_code == 303
    assert (state(unknown), balance(alice)) == ("FAILED", before)
    assert "The deposit failed, and no money moved." in text(client.get(url(unknown)))
    assert_right()


def test_what_is_incomplete_changes_nothing_and_keeps_the_input(unknown, wambui):
    client = signed_in(wambui)
    answer = client.post(url(unknown, "paid"), PAID | {"paid-receipt": ""}, headers=htmx("verdict"))
    assert (answer.status_code, is_part(answer, "verdict")) == (422, True)
    assert "Line 12 of the statement" in text(answer)
    assert "Enter the receipt number" in text(answer)
    assert client.post(url(unknown, "not-paid"), {}).status_code == 422
    assert not Verdict.objects.exists()


def test_only_finance_says_it_and_about_deposits_only(unknown, alice, auditor, as_wambui):
    assert signed_in(auditor).post(url(unknown, "paid"), PAID).status_code in (403, 404)
    page = text(signed_in(auditor).get(url(unknown)))
    assert "Only a finance approver can decide this." in page
    assert "Say that it was paid" not in page
    payout = Attempt.objects.get(transaction=withdraw(alice, 5_00))
    assert "What became of it?" not in text(as_wambui.get(url(payout)))
    assert as_wambui.post(url(payout, "paid"), PAID).status_code == 404
    assert signed_in(alice).post(url(unknown, "paid"), PAID).status_code in (403, 404)
    assert not Verdict.objects.exists()
