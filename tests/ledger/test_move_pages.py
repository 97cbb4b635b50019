"""Deposit, send and withdraw take three steps: a form, a review, and a receipt."""

import pytest

from ledger.models import Transaction
from tests.books import assert_books_right, total_in_wallets
from tests.conftest import Payer, know_device, signed_in
from tests.factories import UserFactory, balance, deposit
from tests.ledger.support.typed import MOVES, WORDS, confirm, order, press, record_of, url
from tests.pages import (
    elements,
    fields,
    htmx,
    is_part,
    is_whole_page,
    key,
    text,
    title,
    words,
)

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

every_move = pytest.mark.parametrize("move", MOVES)
AFTER = {"deposit": "1,250.00", "transfer": "750.00", "withdraw": "750.00"}


@every_move
def test_the_form_is_a_whole_page_with_a_new_key_each_time(as_alice, move):
    first, second = as_alice.get(url(move)), as_alice.get(url(move))
    assert is_whole_page(first)
    assert first.status_code == 200
    assert title(first) == f"{words(elements(first, 'h1')[0])} · Nissmart"
    assert "1,000.00 available" in text(first)
    assert len(key(first)) == 36
    assert key(first) != key(second)
    assert ("recipient" in fields(first)) == (move == "transfer")


@every_move
def test_htmx_gets_only_the_part(as_alice, move):
    assert is_part(as_alice.get(url(move), headers=htmx("move")), "move")


@every_move
def test_a_history_restore_gets_the_whole_page(as_alice, move):
    assert is_whole_page(as_alice.get(url(move), headers=htmx()))


@every_move
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_visitor_is_sent_to_sign_in(client, move, method):
    response = getattr(client, method)(url(move))
    assert response.status_code == 302
    assert response.headers["Location"] == f"/accounts/login/?next={url(move)}"
    part = getattr(client, method)(url(move), headers=htmx("move"))
    assert part.headers["HX-Redirect"] == f"/accounts/login/?next={url(move)}"
    assert part.content == b""


@every_move
@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_refused(as_alice, move, method):
    assert getattr(as_alice, method)(url(move)).status_code == 405


@every_move
def test_the_review_shows_everything_and_moves_nothing(as_alice, bob, move):
    filled = order(move, bob)
    response = press(as_alice, move, filled)
    assert response.status_code == 200
    assert is_whole_page(response)
    said = text(response)
    for shown in ("Nothing has moved yet.", "KES 250.00", "Lunch", "Fee KES 0.00", AFTER[move]):
        assert shown in said
    assert fields(response).items() >= filled.items()
    (send_button,) = elements(response, "button", name="confirm")
    assert words(send_button) == f"{WORDS[move]} KES 250.00"
    assert not Transaction.objects.exclude(type="DEPOSIT", amount_cents=1_000_00).exists()
    assert total_in_wallets() == 1_000_00


@every_move
def test_the_review_is_a_part_for_htmx(as_alice, bob, move):
    response = press(as_alice, move, order(move, bob), htmx("move"))
    assert is_part(response, "move")
    assert "Nothing has moved yet." in text(response)


@every_move
@pytest.mark.parametrize("word", ["", "0", "yes", "true", "11", " 1"])
def test_only_the_confirm_button_confirms(as_alice, bob, move, word):
    response = press(as_alice, move, order(move, bob, confirm=word))
    assert "Nothing has moved yet." in text(response)
    assert total_in_wallets() == 1_000_00


@every_move
def test_confirming_moves_the_money_and_shows_the_receipt(as_alice, alice, bob, move):
    review = press(as_alice, move, order(move, bob))
    response = confirm(as_alice, move, fields(review))
    record = record_of(response)
    assert (record.amount_cents, record.description) == (250_00, "Lunch")
    assert record.created_by == alice
    assert balance(alice) == (1_250_00 if move == "deposit" else 750_00)
    assert balance(bob) == (250_00 if move == "transfer" else 0)
    receipt = as_alice.get(response.headers["Location"])
    assert receipt.status_code == 200
    assert f"Balance after KES {AFTER[move]}" in text(receipt)
    assert_books_right()


@every_move
def test_htmx_is_redirected_to_the_receipt_page(as_alice, bob, move):
    response = confirm(as_alice, move, order(move, bob), htmx("move"))
    assert response.status_code == 200
    assert response.content == b""
    receipt = as_alice.get(response.headers["HX-Redirect"])
    assert is_whole_page(receipt)
    assert "KES 250.00" in text(receipt)


@every_move
def test_change_returns_the_filled_form(as_alice, bob, move):
    filled = order(move, bob)
    response = press(as_alice, move, filled | {"change": "1"})
    assert response.status_code == 200
    assert is_whole_page(response)
    assert fields(response).items() >= filled.items()
    assert not elements(response, "div", class_="error-summary")
    assert is_part(press(as_alice, move, filled | {"change": "1"}, htmx("move")), "move")


@every_move
def test_change_wins_over_confirm(as_alice, bob, move):
    press(as_alice, move, order(move, bob, confirm="1", change="1"))
    assert total_in_wallets() == 1_000_00
    assert Transaction.objects.count() == 1


def test_the_url_fills_the_form(as_alice):
    given = {"recipient": "0712 000 001", "amount": "1,500", "idempotency_key": "chosen", "x": "y"}
    response = as_alice.get("/transfer/", given)
    assert fields(response)["recipient"] == "0712 000 001"
    assert fields(response)["amount"] == "1,500"
    assert key(response) != "chosen"


def test_the_payee_is_a_first_name_an_initial_and_the_masked_number_that_was_typed(as_alice):
    payee = UserFactory(name="Jane Njeri Wanjiru", phone="+254712345678", email="jane@example.com")
    for login in ("jane@example.com", "0712 345 678", "+254712345678", "JANE@EXAMPLE.COM"):
        response = press(as_alice, "transfer", order("transfer", payee, recipient=login))
        said = text(response)
        assert "Jane W." in said
        assert ("0712 *** 678" in said) == ("@" not in login)
        for secret in ("Njeri", "Wanjiru", "345 678"):
            assert secret not in said
        if login == "0712 345 678":
            assert "jane@example.com" not in response.text


def test_a_payee_without_a_phone_number_is_shown_by_name_only(as_alice):
    payee = UserFactory(name="Zawadi", phone=None)
    said = text(press(as_alice, "transfer", order("transfer", payee)))
    assert "Zawadi" in said
    assert "***" not in said


@every_move
def test_names_and_notes_are_escaped(move):
    alice = UserFactory(name="<b>Alice</b>")
    payee = UserFactory(name='<img src="x" onerror="alert(1)"> Jones', phone=None)
    deposit(alice, 1_000_00)
    client = signed_in(alice)
    filled = order(move, payee, description="<script>alert(1)</script>")
    pages = [press(client, move, filled), press(client, move, filled | {"change": "1"})]
    pages.append(client.get(confirm(client, move, filled).headers["Location"]))
    pages += [client.get("/"), client.get("/activity/"), client.get("/profile/")]
    for page in pages:
        for markup in ("<script>alert", "<b>Alice", "<img"):
            assert markup not in page.text


@every_move
def test_a_post_needs_the_csrf_token_of_our_own_page(alice, bob, move):
    client = Payer(enforce_csrf_checks=True)
    client.force_login(alice)
    know_device(client, alice)
    assert confirm(client, move, order(move, bob)).status_code == 403
    filled = order(move, bob, csrfmiddlewaretoken="x" * 64)
    assert confirm(client, move, filled).status_code == 403
    assert total_in_wallets() == 1_000_00
    token = fields(client.get(url(move)))["csrfmiddlewaretoken"]
    assert confirm(client, move, filled | {"csrfmiddlewaretoken": token}).status_code == 303
