"""An amount is a JSON integer of cents above zero. The API refuses anything else."""

import json

import pytest

from ledger.models import Transaction
from tests.api.support.calls import MOVES, bad_fields, order, path_of, problem_of
from tests.books import nothing_moves
from tests.factories import balance
from wallet.money import CEILING_CENTS

pytestmark = pytest.mark.django_db

every_move = pytest.mark.parametrize("move", MOVES)

BAD_AMOUNTS = [
    "0",
    "-0",
    "-1",
    "-100",
    "0.001",
    "1.0",
    "100.0",
    "100.5",
    "1e5",
    "1E2",
    "1e400",
    "-1e400",
    "1e-400",
    str(2**53 + 1),
    str(2**63 - 1),
    str(2**63),
    str(-(2**63)),
    str(10**13 + 1),
    "1" + "0" * 400,
    "9" * 4300,
    "true",
    "false",
    "null",
    '"100"',
    '"5"',
    '"0x10"',
    '"1_000"',
    '"１００"',  # full-width digits
    '"٥"',
    '"5\\u200b"',
    '"NaN"',
    '"1e5"',
    '""',
    '" "',
    '"KES 5"',
    '"1,000"',
    "[]",
    "[5]",
    "{}",
    '{"a": 5}',
    "[[[[5]]]]",
]


@pytest.mark.any_engine
@every_move
def test_an_amount_must_be_an_integer_of_cents_above_zero(service, alice, bob, move, subtests):
    text = json.dumps(order(move, alice.pk, bob.pk, "HERE"))
    for raw in BAD_AMOUNTS:
        with subtests.test(raw=raw[:40]), nothing_moves():
            response = service.post_text(path_of(move), text.replace('"HERE"', raw))
            assert bad_fields(response) == ["amount_cents"]


@every_move
def test_refuses_an_amount_above_the_limit(service, alice, bob, move, subtests):
    for cents in (25_000_001, 2**31, 10**13):
        with subtests.test(cents=cents), nothing_moves():
            response = service.post(path_of(move), order(move, alice.pk, bob.pk, cents))
            problem_of(response, 400, "limit_exceeded")


def test_moves_exactly_what_was_sent(service, alice, subtests):
    for cents in (1, 99, 100, 1_005, 2**20 + 1, 25_000_000):
        with subtests.test(cents=cents):
            before = balance(alice)
            body = service.post("/api/deposit", order("deposit", alice.pk, 0, cents)).json()
            assert body["amount_cents"] == cents
            assert Transaction.objects.get(reference=body["reference"]).amount_cents == cents
            assert balance(alice) == before + cents


def test_no_setting_raises_a_balance_above_the_ceiling(service, alice, settings):
    """Near the largest value of the column, our rule refuses before the database overflows."""
    settings.LIMIT_CENTS_PER_TRANSACTION = settings.LIMIT_CENTS_BALANCE = CEILING_CENTS
    room = CEILING_CENTS - balance(alice)
    with nothing_moves():
        response = service.post("/api/deposit", order("deposit", alice.pk, 0, room + 1))
    problem_of(response, 400, "limit_exceeded")
    assert service.post("/api/deposit", order("deposit", alice.pk, 0, room)).status_code == 201
    assert service.get(f"/api/balance/{alice.pk}").json()["balance_cents"] == CEILING_CENTS
