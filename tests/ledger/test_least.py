"""The least that a member may send to another is KES 1, on the page and by the API."""

import pytest

from nissmart import payment_settings
from tests.api.support.calls import bad_fields, by_token
from tests.factories import balance, deposit, send, withdraw
from tests.ledger.support.typed import order, press
from tests.pages import fields, problems_beside

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def as_in_production(settings):
    settings.LEAST_TRANSFER_CENTS = payment_settings.LEAST_TRANSFER_CENTS


@pytest.mark.parametrize("amount", ["0.01", "0.99"])
def test_less_than_a_shilling_is_refused(as_alice, alice, bob, amount):
    answer = press(as_alice, "transfer", order("transfer", bob, amount=amount))
    assert answer.status_code == 422
    assert problems_beside(answer, "amount") == ["Send KES 1.00 or more."]
    assert fields(answer)["amount"] == amount
    body = {"from_user_id": alice.pk, "amount_cents": round(float(amount) * 100), "to": bob.phone}
    assert bad_fields(by_token(alice).post("/api/transfer", body)) == ["amount"]
    assert balance(bob) == 0


def test_a_shilling_and_cents_above_it_pass(alice, bob):
    send(alice, bob, 1_00)
    send(alice, bob, 1_01)
    assert balance(bob) == 2_01


def test_other_payments_may_be_smaller(alice):
    deposit(alice, 1)
    withdraw(alice, 1)
