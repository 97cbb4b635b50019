"""Many orders at the same moment never spend a shilling twice or pass a limit."""

from functools import partial

import pytest
from django.urls import reverse

from ledger.errors import (
    BalanceLimitReached,
    DailyLimitReached,
    InsufficientFunds,
    RecipientLimitReached,
)
from ledger.models import Transaction
from tests.books import assert_books_right
from tests.conftest import Payer, know_device
from tests.factories import UserFactory, balance, deposit, funded, new_key, send, withdraw
from tests.ledger.support.crowd import IS_NIGHTLY, run_together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

CROWDS = [1, 2, 4, 8, 16]
ROUNDS = 60 if IS_NIGHTLY else 1

HELD, PRICE = 10_00, 9_00
HTMX = {"HX-Request": "true", "HX-Target": "move"}


def test_one_of_many_spenders_gets_the_money():
    targets = [UserFactory() for _ in range(max(CROWDS))]
    for crowd in CROWDS * ROUNDS:
        spender = funded(UserFactory(), HELD)
        ways = [
            partial(withdraw, spender, PRICE) if number % 2 else partial(send, spender, to, PRICE)
            for number, to in enumerate(targets[:crowd])
        ]
        assert_one_success(run_together(*ways), InsufficientFunds)
        assert balance(spender) == HELD - PRICE
        assert Transaction.objects.filter(from_account__user=spender).count() == 1
    assert_books_right()


def assert_one_success(outcomes, refusal):
    done = [one for one in outcomes if isinstance(one, Transaction)]
    refused = [one for one in outcomes if type(one) is refusal]
    assert (len(done), len(refused)) == (1, len(outcomes) - 1), outcomes


# The second one when more PINs come together than there are guesses.
REFUSED = ["available. Enter that or less.", "Your PIN came several times at the same moment."]


def test_one_of_many_pages_gets_the_money():
    target = UserFactory()
    pages = [("withdraw", {}), ("transfer", {"recipient": target.email})]
    ways = [(*page, headers) for headers in ({}, HTMX) for page in pages]
    for crowd in [1, 4, 16] * ROUNDS:
        spender = funded(UserFactory(), HELD)
        answers = run_together(*(page_job(spender, *ways[number % 4]) for number in range(crowd)))
        done = [one for one in answers if one.status_code in {200, 303}]
        refused = [one for one in answers if one.status_code == 422]
        assert (len(done), len(refused)) == (1, crowd - 1), answers
        assert all(any(why in one.text for why in REFUSED) for one in refused)
        assert balance(spender) == HELD - PRICE
    assert_books_right()


def page_job(user, page, fields, headers):
    """A job that confirms a new payment on this page, in a separate browser."""
    client = Payer(headers=headers)
    client.force_login(user)
    know_device(client, user)
    order = {"amount": "9", "confirm": "1", "idempotency_key": new_key()} | fields
    return partial(client.post, reverse(f"ledger:{page}"), order)


def test_many_orders_together_stay_within_the_daily_limit(settings):
    settings.LIMIT_CENTS_OUT_PER_DAY = HELD
    target = UserFactory()
    for crowd in CROWDS[1:]:
        spender = funded(UserFactory(), 50 * HELD)
        jobs = [partial(withdraw, spender, PRICE), partial(send, spender, target, PRICE)]
        assert_one_success(run_together(*jobs * (crowd // 2)), DailyLimitReached)
    assert_books_right()


def test_many_orders_together_stay_within_the_balance_limit(settings):
    settings.LIMIT_CENTS_BALANCE = HELD
    for crowd in CROWDS:
        member, target = UserFactory(), UserFactory()
        senders = [funded(UserFactory(), HELD) for _ in range(crowd)]
        deposits = [partial(deposit, member, PRICE)] * crowd
        assert_one_success(run_together(*deposits), BalanceLimitReached)
        transfers = (partial(send, sender, target, PRICE) for sender in senders)
        assert_one_success(run_together(*transfers), RecipientLimitReached)
        assert (balance(member), balance(target)) == (PRICE, PRICE)
    assert_books_right()
