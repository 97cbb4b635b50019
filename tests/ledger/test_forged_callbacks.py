"""Forged, replayed and reordered callbacks, many at the same time: one effect for each genuine one.

`make proof ARGS=callbacks` sends a thousand through the real server.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest
from django.test import Client

from ledger.models import Attempt, RailEvent
from ledger.payouts import worker
from tests.books import assert_books_right, nothing_moves
from tests.factories import UserFactory, balance, deposit, funded, withdraw
from tests.ledger.support import paya
from tests.ledger.support.crowd import run_together
from tests.tampering import violations
from wallet.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

PAYMENTS, REPLAYS, SENDERS = 6, 3, 4
AMOUNT = 10_00


def post(body: bytes, secret: str = paya.SECRET) -> int:
    path = f"/rails/{secret}/paid/"
    return Client().post(path, body, content_type="application/json").status_code


def send_all(draw: random.Random, messages: list[Callable[[], int]]) -> None:
    """In any order, from several senders."""
    shuffled = draw.sample(messages, len(messages))
    run_together(
        *(lambda mine=shuffled[n::SENDERS]: [one() for one in mine] for n in range(SENDERS))
    )


def forgeries(rail: paya.Paya, attempt: Attempt) -> list[Callable[[], int]]:
    truth = rail.message(attempt.reference)
    unknown = {"reference": f"NSP-{attempt.pk:016}", "rail_id": "P-unknown", "receipt": "R-unknown"}
    return [
        partial(post, truth, secret="x" * len(paya.SECRET)),
        partial(post, rail.message(attempt.reference, **unknown)),
        partial(post, b"<html>502 Bad Gateway</html>"),
    ]


def assert_each_ended_once(
    attempts: list[Attempt], failing: set[str], owner: User, before: int
) -> None:
    ends = dict(Attempt.objects.values_list("reference", "state"))
    for one in attempts:
        assert ends[one.reference] == ("FAILED" if one.reference in failing else "SUCCEEDED")
    paid = [one for one in attempts if one.reference not in failing]
    out = sum(one.is_payout for one in paid)
    assert balance(owner) == before - out * AMOUNT + (len(paid) - out) * AMOUNT
    findings = Counter(RailEvent.objects.filter(is_callback=True).values_list("finding", flat=True))
    assert findings["applied"] == len(attempts)
    assert findings["duplicate"] == len(attempts) * (REPLAYS - 1)
    assert_books_right()
    assert violations() == []


def test_each_genuine_one_has_one_effect(db):
    owner, draw = funded(UserFactory(), 10 * PAYMENTS * AMOUNT), random.Random(1)
    before = balance(owner)
    with paya.known() as rail:
        for move in (withdraw, deposit):
            for _each in range(PAYMENTS):
                move(owner, AMOUNT)
        worker.do_due()
        attempts = list(Attempt.objects.all())
        failing = {one.reference for one in attempts[::3]}
        rail.fails = failing.__contains__
        forged = [each for one in attempts for each in forgeries(rail, one)]
        with nothing_moves():
            send_all(draw, forged)
        assert set(Attempt.objects.values_list("state", flat=True)) == {"SENT"}
        genuine = [partial(post, rail.message(one.reference)) for one in attempts] * REPLAYS
        send_all(draw, genuine + forged)
        assert_each_ended_once(attempts, failing, owner, before)
