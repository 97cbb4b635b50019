"""Many identical orders at the same moment happen once, and each gets the same answer."""

from functools import partial

import pytest
from django.urls import reverse

from ledger.errors import KeyReused
from ledger.models import Transaction
from tests.books import assert_books_right
from tests.conftest import Payer, know_device
from tests.factories import UserFactory, balance, funded, new_key
from tests.ledger.support.crowd import IS_NIGHTLY, run_together
from tests.ledger.support.moves import MOVES, ORDERS, arguments_for, call
from tests.pages import find, tree, words
from wallet.signin.pin import GUESSES

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

CROWD = 16
KEYS = 170 if IS_NIGHTLY else 3
PAGES = 200 if IS_NIGHTLY else 2

FUNDS, AMOUNT = 10_000_00, 1_00
OWN_CHANGE = {"deposit": AMOUNT, "transfer": -AMOUNT, "withdraw": -AMOUNT, "reverse": AMOUNT}

HTMX = {"HX-Request": "true", "HX-Target": "move"}


@pytest.fixture
def owner(db):
    return funded(UserFactory(), FUNDS)


@pytest.fixture
def other(db):
    return funded(UserFactory(), FUNDS)


def test_many_identical_orders_happen_once(owner, other):
    for move in MOVES * KEYS:
        arguments = arguments_for(move, owner, other, AMOUNT)
        held = balance(owner)
        records = run_together(*[partial(call, move, arguments)] * CROWD)
        assert len({record.pk for record in records}) == 1
        assert sorted(record.is_replay for record in records) == [False] + [True] * (CROWD - 1)
        assert Transaction.objects.filter(idempotency_key=arguments["key"]).count() == 1
        assert balance(owner) == held + OWN_CHANGE[move]
    assert_books_right()


def test_many_clicks_on_one_form_happen_once(owner, other):
    # Each click is a guess at the PIN, of which the fifth would lock it.
    clients = [signed_in(owner, HTMX if number % 2 else {}) for number in range(GUESSES - 1)]
    for move in ORDERS * PAGES:
        held, key = balance(owner), new_key()
        form = {"amount": "1", "recipient": other.email, "confirm": "1", "idempotency_key": key}
        post = {"path": reverse(f"ledger:{move}"), "data": form}
        answers = run_together(*(partial(client.post, **post) for client in clients))
        record = Transaction.objects.get(idempotency_key=key)
        receipt = reverse("ledger:receipt", args=[record.reference])
        assert {redirect_of(answer) for answer in answers} == {receipt}
        assert balance(owner) == held + OWN_CHANGE[move]
    assert_books_right()


def test_more_clicks_than_guesses_pay_once_and_none_says_that_nothing_moved(owner, other):
    clients = [signed_in(owner, HTMX if number % 2 else {}) for number in range(CROWD)]
    key = new_key()
    form = {"amount": "1", "recipient": other.email, "confirm": "1", "idempotency_key": key}
    post = {"path": reverse("ledger:transfer"), "data": form}
    answers = run_together(*(partial(client.post, **post) for client in clients))
    record = Transaction.objects.get(idempotency_key=key)
    receipt = reverse("ledger:receipt", args=[record.reference])
    others = [answer for answer in answers if redirect_of(answer) != receipt]
    assert len(others) < CROWD
    for answer in others:
        assert "Your PIN came several times at the same moment." in page_of(answer)
        assert "Nothing has moved" not in page_of(answer)
    # Later clicks get the receipt, although the PIN may still be locked.
    assert redirect_of(clients[0].post(**post)) == receipt
    assert balance(owner) == FUNDS - AMOUNT
    assert_books_right()


def page_of(answer):
    """The words of the page, without those that it keeps for when there is no answer."""
    return words(next(find(tree(answer), "main"), tree(answer)))


def signed_in(user, headers):
    client = Payer(headers=headers)
    client.force_login(user)
    know_device(client, user)
    return client


def redirect_of(answer):
    """The URL that this answer redirects the browser to."""
    return answer.headers.get("Location") or answer.headers.get("HX-Redirect") or answer


def test_of_two_orders_under_one_key_only_the_first_happens(owner, other):
    for move in MOVES * KEYS:
        orders = [arguments_for(move, owner, other, AMOUNT * times) for times in (1, 2)]
        assert_one_order_wins(move, orders, key=new_key())
    assert_books_right()


def test_of_two_orders_from_different_accounts_only_the_first_happens(owner, other):
    """The two share no row lock, so only the unique key stops the second."""
    third, fourth = UserFactory(), UserFactory()
    for move in MOVES * KEYS:
        mine, theirs = (
            arguments_for(move, owner, third, AMOUNT),
            arguments_for(move, other, fourth, AMOUNT),
        )
        assert_one_order_wins(move, [mine, theirs | {"actor_id": owner.pk}], key=new_key())
    assert_books_right()


def assert_one_order_wins(move, orders, *, key):
    orders = [order | {"key": key} for order in orders]
    outcomes = run_together(*(partial(call, move, order) for order in orders * (CROWD // 2)))
    made = Transaction.objects.get(idempotency_key=key)
    by_order = {id(order): outcomes[number::2] for number, order in enumerate(orders)}
    winners, losers = sorted(by_order.values(), key=lambda each: isinstance(each[0], KeyReused))
    assert winners == [made] * (CROWD // 2)
    assert sum(not record.is_replay for record in winners) == 1
    assert all(type(loser) is KeyReused for loser in losers), losers
    assert all(made.reference in str(loser) for loser in losers)
