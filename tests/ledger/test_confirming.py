"""A payment with an unknown outcome: its page asks until it shows the receipt or a clear no."""

from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection
from django.test import Client

from ledger.models import Transaction
from ledger.views.confirming import DELAYS_S
from tests.books import assert_books_right, nothing_moves
from tests.conftest import signed_in
from tests.factories import balance
from tests.ledger.support.commits import lose_commit_answer
from tests.ledger.support.crowd import hold_accounts, wait_at_most
from tests.ledger.support.typed import MOVES, confirm, order, press, record_of
from tests.pages import elements, fields, htmx, is_whole_page, key, text, title

pytestmark = pytest.mark.django_db(transaction=True)

every_move = pytest.mark.parametrize("move", MOVES)
with_and_without_htmx = pytest.mark.parametrize(
    "headers", [None, htmx("move")], ids=["page", "htmx"]
)
CONFIRMING = "We're confirming this"
FAILED = "This didn't go through"


def unknown(client: Client, move: str, filled: dict, headers=None, *, is_carried_out=True):
    """The page after the database didn't answer the COMMIT."""
    press(client, move, filled)  # Counts the look-up now, so only the order commits below.
    with lose_commit_answer(is_carried_out=is_carried_out, after=guesses(move)):
        return confirm(client, move, filled, headers)


def guesses(move: str) -> int:
    """How many commits come before the order's: that of the guess of the PIN, if it needs one."""
    return 0 if move == "deposit" else 1


def check(client: Client, move: str, page, headers=None):
    """Submit the page's form, as "Check again" and the automatic poll both do."""
    return press(client, move, fields(page), headers)


def receipt_of(answer) -> str:
    return answer.headers.get("HX-Redirect") or answer.headers["Location"]


@every_move
@with_and_without_htmx
def test_the_page_turns_into_the_receipt(as_alice, bob, move, headers):
    filled = order(move, bob)
    page = unknown(as_alice, move, filled, headers)
    assert page.status_code == 503
    assert int(page.headers["Retry-After"]) > 0
    assert is_whole_page(page) == (headers is None)
    assert CONFIRMING in text(page)
    assert "Don't pay again yet." in text(page)
    assert key(page) == filled["idempotency_key"]
    with nothing_moves():
        answer = check(as_alice, move, page, headers)
    record = Transaction.objects.get(idempotency_key=filled["idempotency_key"])
    assert receipt_of(answer) == f"/activity/{record.reference}/"
    assert as_alice.get(receipt_of(answer)).status_code == 200
    assert_books_right()


@every_move
@with_and_without_htmx
def test_the_page_turns_into_a_clear_no_and_the_form_can_be_sent_again(
    as_alice, bob, move, headers
):
    filled = order(move, bob)
    with nothing_moves():
        page = unknown(as_alice, move, filled, headers, is_carried_out=False)
        assert CONFIRMING in text(page)
        answer = check(as_alice, move, page, headers)
    assert answer.status_code == 200
    assert is_whole_page(answer) == (headers is None)
    assert FAILED in text(answer)
    assert "Nothing has moved. You can send it again." in text(answer)
    assert elements(answer, "section", **{"data-say": FAILED})
    assert key(answer) == filled["idempotency_key"]
    again = confirm(as_alice, move, fields(answer))
    assert record_of(again).amount_cents == 250_00
    assert_books_right()


@with_and_without_htmx
def test_the_page_never_says_no_while_the_payment_may_be_under_way(as_alice, alice, headers):
    page = unknown(as_alice, "deposit", order("deposit"), headers, is_carried_out=False)
    delays = []
    with hold_accounts(alice.primary_account().pk), wait_at_most(0.05):
        for asked in range(len(DELAYS_S) + 1):
            page = check(as_alice, "deposit", page, headers) if asked else page
            assert CONFIRMING in text(page)
            assert FAILED not in text(page)
            delays += [form_of(page).get("hx-trigger")]
    *polls, last = delays
    assert polls == [f"submit, load delay:{each}s, every 15s" for each in DELAYS_S]
    # After three minutes the page stops asking by itself; the button still works.
    assert last is None
    assert elements(page, "button", type="submit")
    assert FAILED in text(check(as_alice, "deposit", page, headers))


def form_of(page) -> dict:
    (form,) = [
        dict(each.attributes)
        for each in elements(page, "form")
        if dict(each.attributes).get("hx-post")
    ]
    return form


def test_the_page_asks_by_itself_with_bounded_delays(as_alice):
    form = form_of(unknown(as_alice, "deposit", order("deposit")))
    assert form["hx-post"] == "/deposit/"
    assert form["hx-target"] == "#move"
    assert "data-poll" in form
    assert list(DELAYS_S) == sorted(DELAYS_S)
    assert min(DELAYS_S) >= 1
    assert 120 <= sum(DELAYS_S) <= 240


@pytest.mark.parametrize("checks", ["", "x", "-1", "٣", "9" * 400, "1.5"])
def test_an_invalid_poll_count_starts_again_at_the_first_delay(as_alice, alice, checks):
    page = unknown(as_alice, "deposit", order("deposit"))
    with hold_accounts(alice.primary_account().pk), wait_at_most(0.05):
        again = press(as_alice, "deposit", fields(page) | {"checks": checks})
    assert f"delay:{DELAYS_S[0]}s" in form_of(again)["hx-trigger"]


@every_move
@with_and_without_htmx
def test_the_page_needs_no_database(as_alice, bob, move, headers):
    """The database that didn't answer may still be down."""
    filled = order(move, bob)
    press(as_alice, move, filled)
    with lose_commit_answer(is_away_afterwards=True, after=guesses(move)):
        page = confirm(as_alice, move, filled, headers)
    assert page.status_code == 503
    assert CONFIRMING in text(page)
    if headers is None:
        assert title(page) == f"{CONFIRMING} · Nissmart"


@every_move
@with_and_without_htmx
def test_the_outcome_stays_unknown_while_the_database_is_down(as_alice, bob, move, headers):
    page = unknown(as_alice, move, order(move, bob), headers)
    with orders_away():
        again = check(as_alice, move, page, headers)
    assert again.status_code == 200
    assert CONFIRMING in text(again)
    assert FAILED not in text(again)
    assert receipt_of(check(as_alice, move, again, headers)).startswith("/activity/NS-")


@contextmanager
def orders_away():
    """The session works, but every look-up of a transaction fails."""

    def fail(execute, sql, *more):
        if "ledger_transaction" in sql:
            raise OperationalError("server closed the connection unexpectedly")
        return execute(sql, *more)

    with connection.execute_wrapper(fail):
        yield


@pytest.mark.parametrize("move", ["transfer"])
def test_the_page_finds_the_receipt_after_the_payee_changed_their_contacts(as_alice, bob, move):
    page = unknown(as_alice, move, order(move, bob))
    bob.email, bob.phone = "elsewhere@example.com", None
    bob.save()
    assert receipt_of(check(as_alice, move, page)).startswith("/activity/NS-")


def test_sending_the_same_form_again_is_safe_too(as_alice, bob):
    """A browser does this when it reloads the page."""
    filled = order("transfer", bob)
    unknown(as_alice, "transfer", filled)
    with nothing_moves():
        record_of(confirm(as_alice, "transfer", filled))
    assert balance(bob) == 250_00


# --- Others -------------------------------------------------------------------------------------


@every_move
@with_and_without_htmx
def test_a_stranger_with_the_key_gets_nothing(as_alice, bob, carol, move, headers):
    page = unknown(as_alice, move, order(move, bob), headers)
    record = Transaction.objects.latest("pk")
    with nothing_moves():
        for form in (fields(page), fields(page) | {"check": "lost"}):
            answer = press(signed_in(carol), move, form, headers)
            assert answer.status_code in (200, 204, 422)
            assert "HX-Redirect" not in answer.headers
            assert record.reference not in answer.text
    assert press(Client(), move, fields(page)).headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("broken", ["", "a b", "k" * 256])
def test_a_page_without_its_key_finds_nothing(as_alice, broken):
    page = unknown(as_alice, "deposit", order("deposit"))
    with nothing_moves():
        answer = press(as_alice, "deposit", fields(page) | {"idempotency_key": broken})
    assert answer.status_code == 422


# --- The answer got lost on its way to the browser -----------------------------------------------


@every_move
def test_the_page_keeps_asking_until_there_is_a_receipt(as_alice, alice, bob, move):
    """The payment may still be on its way, so only a receipt is an answer."""
    filled = order(move, bob)
    review = fields(press(as_alice, move, filled))
    lost = review | {"check": "lost"}
    with nothing_moves():
        assert press(as_alice, move, lost, htmx("move")).status_code == 204
        with hold_accounts(alice.primary_account().pk), wait_at_most(0.05):
            assert press(as_alice, move, lost, htmx("move")).status_code == 204
        with orders_away():
            assert press(as_alice, move, lost, htmx("move")).status_code == 204
    record = record_of(confirm(as_alice, move, filled))
    answer = press(as_alice, move, lost, htmx("move"))
    assert receipt_of(answer) == f"/activity/{record.reference}/"
