"""One form moves money once, even if it's sent twice or sent again after Back."""

import pytest

from ledger.models import Transaction
from tests.books import assert_books_right
from tests.conftest import signed_in
from tests.factories import balance, deposit
from tests.ledger.support.typed import MOVES, confirm, order, press, record_of, url
from tests.pages import fields, htmx, key, problems

pytestmark = pytest.mark.django_db

every_move = pytest.mark.parametrize("move", MOVES)


def transactions_made() -> int:
    """How many there are, without the deposit of the `alice` fixture."""
    return Transaction.objects.count() - 1


@every_move
def test_confirming_twice_ends_on_the_same_receipt(as_alice, bob, move):
    both = [(None, None), ("move", "move"), (None, "move"), ("move", None)]
    for number, ways in enumerate(both, start=1):
        filled = order(move, bob)
        answers = [confirm(as_alice, move, filled, way and htmx(way)) for way in ways]
        receipts = {
            answer.headers.get("Location") or answer.headers["HX-Redirect"] for answer in answers
        }
        assert len(receipts) == 1, ways
        assert transactions_made() == number
    assert_books_right()


@every_move
def test_back_after_paying_and_confirm_again_ends_on_the_same_receipt(as_alice, bob, move):
    form = as_alice.get(url(move))
    review = press(as_alice, move, order(move, bob, idempotency_key=key(form)))
    first = confirm(as_alice, move, fields(review))
    # The browser still shows the review page as it was.
    again = confirm(as_alice, move, fields(review))
    # Or the member goes back to the form and continues. The answer is the receipt, not a review.
    once_more = press(as_alice, move, order(move, bob, idempotency_key=key(form)))
    assert record_of(first) == record_of(again) == record_of(once_more)
    assert transactions_made() == 1


@pytest.mark.parametrize("move", ["transfer", "withdraw"])
def test_paying_again_from_an_old_page_works_when_nothing_is_left(as_alice, alice, bob, move):
    filled = order(move, bob, amount="1000")
    first = confirm(as_alice, move, filled)
    assert balance(alice) == 0
    assert record_of(confirm(as_alice, move, filled)) == record_of(first)


@every_move
def test_forms_in_two_tabs_are_two_transactions(as_alice, bob, move):
    tabs = [order(move, bob, idempotency_key=key(as_alice.get(url(move)))) for _ in range(2)]
    records = {record_of(confirm(as_alice, move, tab)) for tab in tabs}
    assert len(records) == 2
    assert transactions_made() == 2


@every_move
def test_a_retry_may_spell_the_amount_differently(as_alice, bob, move):
    filled = order(move, bob)
    first = record_of(confirm(as_alice, move, filled))
    for spelling in ("250.0", "250.00", "0250", " 250 "):
        assert record_of(confirm(as_alice, move, filled | {"amount": spelling})) == first, spelling
        assert transactions_made() == 1


def test_a_retry_may_name_the_payee_by_phone_or_email(as_alice, bob):
    filled = order("transfer", bob)
    first = confirm(as_alice, "transfer", filled)
    again = confirm(as_alice, "transfer", filled | {"recipient": bob.phone})
    assert record_of(again) == record_of(first)


@every_move
@pytest.mark.parametrize("change", [{"amount": "251"}, {"description": "Dinner"}])
def test_a_used_form_with_other_values_is_refused_and_gets_a_new_key(as_alice, bob, move, change):
    filled = order(move, bob)
    record = record_of(confirm(as_alice, move, filled))
    other = filled | change
    response = confirm(as_alice, move, other)
    assert response.status_code == 422
    assert problems(response) == [
        f"This form was already used for another transaction, {record.reference}. "
        "Nothing has moved now. Check that one, then send this again if you still want it."
    ]
    assert transactions_made() == 1
    kept = fields(response)
    new_key = kept.pop("idempotency_key")
    assert new_key not in ("", filled["idempotency_key"])
    assert kept.items() >= {n: v for n, v in other.items() if n != "idempotency_key"}.items()
    # The member can send that page.
    confirm(as_alice, move, fields(response))
    assert transactions_made() == 2


@every_move
def test_a_key_moves_money_once_over_all_three_pages(as_alice, alice, bob, move):
    filled = order(move, bob)
    confirm(as_alice, move, filled)
    held = balance(alice)
    for other in set(MOVES) - {move}:
        response = confirm(as_alice, other, filled | {"recipient": bob.email})
        assert response.status_code == 422
        assert "already used for another transaction" in problems(response)[0]
    assert balance(alice) == held


def test_two_members_may_use_the_same_key(as_alice, alice, bob, carol):
    filled = order("deposit")
    first = record_of(confirm(as_alice, "deposit", filled))
    second = record_of(confirm(signed_in(carol), "deposit", filled))
    assert first != second
    assert (balance(alice), balance(carol)) == (1_250_00, 250_00)


@every_move
def test_a_refusal_keeps_the_key(as_alice, alice, bob, move):
    filled = order(move, bob, amount="300000")
    for press_button in (press, confirm):
        assert key(press_button(as_alice, move, filled)) == filled["idempotency_key"]
    # The key doesn't keep the refusal: the corrected form goes through.
    assert confirm(as_alice, move, filled | {"amount": "10"}).status_code == 303


BROKEN = ("", " ", "a b", "k" * 256, "ké", "k\0", "k\nk", "\u200b", "<b>\t</b>", None)


@every_move
def test_a_form_without_a_valid_key_moves_nothing_and_gets_a_new_key(as_alice, bob, move):
    for number, broken in enumerate(BROKEN):
        filled = order(move, bob, amount="10", idempotency_key=broken or "")
        if broken is None:
            del filled["idempotency_key"]
        for press_button in (press, confirm):
            response = press_button(as_alice, move, filled)
            assert response.status_code == 422, repr(broken)
            assert problems(response)
            assert fields(response)["amount"] == "10"
            assert len(key(response)) == 36
            assert transactions_made() == number
        assert confirm(as_alice, move, fields(response)).status_code == 303


@every_move
def test_any_visible_ascii_is_a_valid_key(as_alice, bob, move):
    for good in ("k", "K" * 255, "~!@#$%^&*()", "<script>", "'\"--"):
        review = press(as_alice, move, order(move, bob, amount="10", idempotency_key=good))
        assert key(review) == good
        assert record_of(confirm(as_alice, move, fields(review))).idempotency_key == good


def test_a_retry_reaches_the_receipt_even_after_the_payee_has_closed(as_alice, bob):
    filled = order("transfer", bob)
    first = record_of(confirm(as_alice, "transfer", filled))
    bob.is_active = False
    bob.save()
    assert record_of(confirm(as_alice, "transfer", filled)) == first


def test_a_retry_reaches_the_receipt_even_after_the_limits_were_lowered(as_alice, alice, settings):
    filled = order("deposit")
    first = record_of(confirm(as_alice, "deposit", filled))
    deposit(alice, 100_00)
    settings.LIMIT_CENTS_BALANCE = 100_00
    assert record_of(confirm(as_alice, "deposit", filled)) == first
