"""A member sees the fee before confirming, and is charged the one they saw."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.models import Transaction
from tests.api.support.calls import by_token
from tests.books import nothing_moves
from tests.conftest import signed_in
from tests.factories import balance, deposit, withdraw
from tests.ledger.support.prices import BANDS, price
from tests.ledger.support.typed import confirm, order, press, record_of
from tests.pages import elements, fields, text
from tests.pages import words as words_of
from tests.unsettled import with_status

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]


def review(client, bob):
    return press(client, "withdraw", order("withdraw", bob))


def test_the_review_shows_the_fee_that_is_then_charged(as_alice, alice, bob):
    price(*BANDS)
    shown = review(as_alice, bob)
    said = text(shown)
    for words in ("Fee KES 10.00", "You receive KES 250.00", "Leaves your wallet KES 260.00"):
        assert words in said
    assert "You will have left KES 740.00" in said
    assert fields(shown)["fee"] == "1000"
    record = record_of(confirm(as_alice, "withdraw", fields(shown)))
    assert (record.fee_cents, balance(alice)) == (10_00, 740_00)
    receipt = text(as_alice.get(f"/activity/{record.reference}/"))
    for words in ("Fee KES 10.00", "Left your wallet KES 260.00", "Balance after KES 740.00"):
        assert words in receipt
    assert "Fee KES 10.00" in text(as_alice.get("/activity/"))


@pytest.mark.parametrize("fee", ["0", "", "1001", "-1000", "1e3", "٣", "9" * 40, None])
def test_another_fee_than_the_tariff_asks_shows_the_review_again(as_alice, alice, bob, fee):
    shown = fields(review(as_alice, bob))
    price(*BANDS)
    sent = {name: value for name, value in shown.items() if name != "fee"}
    sent |= {} if fee is None else {"fee": fee}
    with nothing_moves():
        again = confirm(as_alice, "withdraw", sent)
    assert again.status_code == 409
    said = text(again)
    for words in ("The fee is now KES 10.00. Nothing has moved yet.", "Fee KES 10.00"):
        assert words in said
    record = record_of(confirm(as_alice, "withdraw", fields(again)))
    assert (record.fee_cents, str(record.idempotency_key)) == (10_00, shown["idempotency_key"])


def test_a_new_fee_that_the_balance_does_not_cover_is_refused(as_alice, bob):
    shown = fields(review(as_alice, bob))
    price((1_00, 800_00))
    with nothing_moves():
        refused = confirm(as_alice, "withdraw", shown)
    assert refused.status_code == 422
    assert "this takes KES 1,050.00 with its fee of KES 800.00" in text(refused)


def test_a_fee_that_is_waiting_or_back_says_so(alice):
    price(*BANDS)
    record = withdraw(alice, 100_00)
    with_status(record, "PENDING")
    client = signed_in(alice)
    assert "Set aside KES 110.00" in text(client.get(f"/activity/{record.reference}/"))
    with_status(record, "FAILED")
    said = text(client.get(f"/activity/{record.reference}/"))
    assert "KES 110.00 is back in your wallet." in said
    assert "Left your wallet" not in said


@pytest.mark.any_engine
def test_the_fees_page_shows_the_tariff_and_the_next_one(client, time_machine):
    time_machine.move_to("2026-03-01T09:00Z")
    free = text(client.get("/fees/"))
    assert "Withdraw KES 0.00" in free
    assert not elements(client.get("/fees/"), "table")
    price((50_00, 0), (100_00, 10_00), (200_00, 10_00), (500_00, 25_00))
    price((1_00, 1_00), from_date=date(2026, 4, 1))
    price((1_00, 99_00), from_date=date(2026, 5, 1))
    page = client.get("/fees/")
    assert page.status_code == 200
    rows = [words_of(row) for row in elements(page, "tr")]
    assert rows == [
        "Amount, KES Fee, KES",
        "0.01 – 99.99 0.00",
        "100.00 – 499.99 10.00",
        "500.00 and more 25.00",
        "Amount, KES Fee, KES",
        "0.01 – 0.99 0.00",
        "1.00 and more 1.00",
    ]
    assert "Withdraw, from 1 April 2026" in text(page)


def test_the_fees_page_leaves_out_a_tariff_that_changes_nothing(client, time_machine):
    time_machine.move_to("2026-03-01T09:00Z")
    price((100_00, 10_00))
    price((100_00, 10_00), from_date=date(2026, 4, 1))
    assert "from 1 April 2026" not in text(client.get("/fees/"))
    price((100_00, 15_00), from_date=date(2026, 5, 1))
    said = text(client.get("/fees/"))
    assert "from 1 April 2026" not in said
    assert "Withdraw, from 1 May 2026" in said


@pytest.mark.any_engine
def test_on_m_pesa_the_fees_page_shows_what_it_carries(client, settings):
    settings.RAIL = "mpesa"
    price((1_00, 0), (101_00, 5_00), (1_501_00, 9_00), (250_001_00, 13_00), rail="mpesa")
    rows = [words_of(row) for row in elements(client.get("/fees/"), "tr")]
    assert rows == [
        "Amount, KES Fee, KES",
        "10.00 – 100.00 0.00",
        "101.00 – 1,500.00 5.00",
        "1,501.00 – 250,000.00 9.00",
    ]


def test_the_api_says_the_fee(alice):
    service = by_token(alice)
    deposit(alice, 1_00)
    price(*BANDS)
    made = service.post("/api/withdraw", {"user_id": alice.pk, "amount_cents": 500_00}).json()
    assert (made["amount_cents"], made["fee_cents"]) == (500_00, 25_00)
    held = service.get(f"/api/balance/{alice.pk}").json()
    assert held["balance_cents"] == 1_001_00 - 525_00
    read = service.get(f"/api/transaction/{made['reference']}").json()
    assert read == made
    assert Transaction.objects.get(pk=made["id"]).fee_cents == 25_00
