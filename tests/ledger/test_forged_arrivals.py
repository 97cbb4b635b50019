"""Messages that someone forges who knows the callback URL, about payments above the limit."""

from __future__ import annotations

from typing import Any

import pytest

from ledger import operations
from ledger.models import Arrival, Attempt, RailEvent, Transaction
from ledger.payouts import confirmations
from ledger.payouts import operations as payouts
from tests.books import nothing_moves
from tests.factories import balance, withdraw
from tests.ledger.support import paya
from tests.ledger.support.arrivals import (
    CENTS,
    RECEIPT,
    come,
    confirm,
    number,
    prompted,
    receipt_of,
    typed,
    wait_a_while,
)
from tests.ledger.support.payouts import assert_right, by, say, sent, state, suspense_cents
from wallet.errors import Busy

pytestmark = pytest.mark.django_db

SOME = 1_000_00


@pytest.fixture
def rail(alice, bob, settings):
    settings.CONFIRM_ABOVE_CENTS = CENTS - 1
    with paya.known() as rail:
        yield rail


def test_the_report_of_a_forged_receipt_answers_no_question(rail, alice):
    """Its row names the receipt, which the forger knows: it isn't the id of a question of ours."""
    attempt, receipt = prompted(alice), "FORGED0001"
    with nothing_moves():
        assert come(rail, typed(attempt), receipt) == "confirming"
        assert confirm(rail, outcome="not_taken") == "no_news"
        wait_a_while(Arrival.objects.get())
        confirmations.ask_due()
        assert RailEvent.objects.filter(finding="not_confirmed", rail_id=receipt).exists()
        forged = {"cents": CENTS, "receipt": receipt, "rail_id": "", "lookup_id": receipt}
        assert say(rail, attempt, **forged) == "no_news"
        assert say(rail, attempt, **forged, reference="") is None
    assert state(attempt) == "SENT"


def test_a_payout_is_no_payment_that_came_in(rail, alice):
    """Its payee has the receipt before we hear of it, and the rail confirms that it exists."""
    attempt = sent(alice, CENTS, withdraw)
    with nothing_moves():
        assert come(rail, number(alice), receipt_of(attempt)) == "confirming"
        assert confirm(rail, reference=attempt.reference) == "no_news"
    assert say(rail, attempt) == "applied"
    assert (state(attempt), balance(alice)) == ("SUCCEEDED", SOME - CENTS)
    assert_right()


@pytest.mark.parametrize("way", ["wallet", "deposit", "suspense"])
@pytest.mark.parametrize("by_people", [False, True])
def test_a_payout_ends_whatever_came_in_under_its_receipt(
    rail, alice, bob, wambui, joseph, way, by_people
):
    """Its payee reports a small payment under it before we hear of the payout."""
    asked, attempt = prompted(bob, 1_00), sent(alice, CENTS, withdraw)
    receipt = receipt_of(attempt)
    account = {"wallet": number(bob), "deposit": typed(asked), "suspense": "rent"}[way]
    assert come(rail, account, receipt, 1_00) in ("applied", "unmatched")
    with_message = balance(bob), suspense_cents()
    if by_people:
        Attempt.objects.filter(pk=attempt.pk).update(state="UNKNOWN")
        for person in (wambui, joseph):
            said = {"outcome": "paid", "receipt": receipt, "evidence": "Line 12"}
            payouts.resolve(by(person), attempt_id=attempt.pk, **said)
        assert attempt.events.filter(finding="receipt_taken").count() == 1
    else:
        assert say(rail, attempt) == "receipt_taken"
    assert (state(attempt), attempt.receipt) == ("SUCCEEDED", receipt)
    # People find out what the message was; until then it stays, and nothing more comes in.
    with nothing_moves():
        assert say(rail, attempt) == "receipt_taken"
        assert come(rail, account, receipt, 1_00) == "receipt_taken"
        assert come(rail, number(alice), receipt, 2_00) == "receipt_taken"
    assert (balance(bob), suspense_cents()) == with_message
    assert balance(alice) == SOME - CENTS
    assert_right()


@pytest.mark.parametrize("account", ["wallet", "deposit", "suspense"])
def test_nothing_comes_in_under_the_receipt_of_a_payout(rail, alice, bob, account):
    asked, attempt = prompted(bob, 1_00), sent(alice, CENTS, withdraw)
    assert say(rail, attempt) == "applied"
    to = {"wallet": number(bob), "deposit": typed(asked), "suspense": "rent"}[account]
    with nothing_moves():
        assert come(rail, to, receipt_of(attempt), 1_00) == "receipt_taken"
    assert not Arrival.objects.exists()


def test_a_payout_that_ends_while_its_receipt_is_booked_is_noticed(rail, alice, bob, monkeypatch):
    attempt, really = sent(alice, CENTS, withdraw), operations.credit

    def late(*args: Any, **kwargs: Any) -> Transaction:
        made = really(*args, **kwargs)
        operations.settle(transaction_id=attempt.transaction_id, receipt=receipt_of(attempt))
        return made

    monkeypatch.setattr(operations, "credit", late)
    assert come(rail, number(bob), receipt_of(attempt), 1_00) == "receipt_taken"
    assert state(attempt) == "SUCCEEDED"


def test_an_answer_without_an_amount_confirms_nothing(rail, alice):
    with nothing_moves():
        assert come(rail, number(alice), RECEIPT, 50 * CENTS) == "confirming"
        assert confirm(rail, cents=None) == "no_news"


@pytest.mark.parametrize("way", ["deposit", "unmatched", "late", "late_with_other_amount"])
def test_a_small_message_takes_no_receipt_of_a_large_one(rail, alice, bob, monkeypatch, way):
    """The large one comes between the look and the booking, as `credit` is tested with."""
    operation = "settle" if way == "deposit" else "hold_in_suspense"
    really = getattr(operations, operation)
    attempt = prompted(bob, 1_00)
    if is_late := way.startswith("late"):
        assert say(rail, attempt, outcome="failed", receipt="") == "applied"

    def late(*args: object, **kwargs: object) -> object:
        monkeypatch.setattr(operations, operation, really)
        assert come(rail, number(alice), RECEIPT, 50 * CENTS) == "confirming"
        return really(*args, **kwargs)

    monkeypatch.setattr(operations, operation, late)
    with nothing_moves(), pytest.raises(Busy):
        if is_late:
            say(rail, attempt, receipt=RECEIPT, cents=1_00 if way == "late" else 2_00)
        else:
            come(rail, typed(attempt) if way == "deposit" else "rent", RECEIPT, 1_00)
    assert confirm(rail, cents=50 * CENTS) == "applied"
    assert (balance(alice), suspense_cents()) == (SOME + 50 * CENTS, 0)
    assert_right()
