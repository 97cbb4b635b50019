"""A large payment that comes in is booked once its rail has confirmed the receipt."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from ledger import operations
from ledger.models import Arrival, Pause, RailEvent, Transaction
from ledger.operations import Paid
from ledger.payouts import callbacks, confirmations
from ledger.rails import Alarm
from tests.books import nothing_moves
from tests.factories import UserFactory, balance
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
from tests.ledger.support.payouts import age, assert_right, say, state, suspense_cents
from wallet.errors import Busy

pytestmark = pytest.mark.django_db

SOME = 1_000_00


@pytest.fixture
def careful(settings) -> None:
    settings.CONFIRM_ABOVE_CENTS = CENTS - 1


@pytest.mark.usefixtures("careful")
def test_a_large_payment_is_credited_once_its_rail_confirms_it(rail, alice):
    with nothing_moves():
        assert come(rail, number(alice)) == "confirming"
        assert come(rail, number(alice)) == "confirming"
    assert confirm(rail, paybill=rail.paybill) == "applied"
    assert balance(alice) == SOME + CENTS
    assert come(rail, number(alice)) == "duplicate"
    assert confirmations.ask_due() == 0
    assert_right()


@pytest.mark.usefixtures("careful")
@pytest.mark.parametrize("is_forged", [False, True])
def test_one_that_is_confirmed_and_not_booked_is_booked_later(rail, alice, monkeypatch, is_forged):
    def busy(*_given: object, **_asks: object) -> None:
        raise Busy

    come(rail, number(alice))
    with monkeypatch.context() as patch, nothing_moves(), pytest.raises(Busy):
        patch.setattr(operations, "credit", busy)
        confirm(rail)
    assert Arrival.objects.get().confirmed_at
    if is_forged:
        # What the rail confirmed counts, whatever a message then says of it.
        assert come(rail, number(UserFactory()), RECEIPT, 1_00) == "applied"
    age(seconds=10)
    assert callbacks.apply_waiting() == 1
    assert balance(alice) == SOME + CENTS
    assert_right()


@pytest.mark.usefixtures("careful")
def test_a_large_prompt_is_confirmed_too(rail, alice):
    attempt = prompted(alice)
    assert say(rail, attempt, cents=CENTS) == "confirming"
    assert come(rail, typed(attempt), receipt_of(attempt)) == "confirming"
    assert state(attempt) == "SENT"
    assert confirm(rail) == "applied"
    assert (state(attempt), balance(alice)) == ("SUCCEEDED", SOME + CENTS)
    assert_right()


@pytest.mark.usefixtures("careful")
@pytest.mark.parametrize(
    "answer",
    [
        {"outcome": "not_taken"},
        {"outcome": "unknown"},
        {"outcome": "failed"},
        {"receipt": "ANOTHER123"},
        # Not even that it came, without how much.
        {"cents": None},
        # It was paid to someone else.
        {"paybill": "999999"},
    ],
)
def test_a_forged_one_is_never_credited_and_reported_once(rail, alice, answer):
    with nothing_moves():
        come(rail, number(alice))
        assert confirm(rail, **answer) == "no_news"
        early = Arrival.objects.get()
        for _turn in range(2):
            wait_a_while(early)
            confirmations.ask_due()
    reported = RailEvent.objects.filter(finding="not_confirmed")
    assert [event.body for event in reported] == [RECEIPT]


@pytest.mark.usefixtures("careful")
def test_one_that_is_confirmed_late_is_credited_all_the_same(rail, alice, time_machine):
    """The rail couldn't be asked for two days."""
    come(rail, number(alice))
    now = timezone.now()
    rail.script = lambda call, reference: "lost"
    for hours in (1, 25):
        time_machine.move_to(now + timedelta(hours=hours), tick=False)
        assert confirmations.ask_due() == 1
    time_machine.move_to(now + timedelta(hours=50), tick=False)
    assert confirm(rail) == "applied"
    assert balance(alice) == SOME + CENTS


@pytest.mark.usefixtures("careful")
def test_asking_ends_after_a_month(rail, alice, time_machine):
    come(rail, number(alice))
    time_machine.move_to(timezone.now() + confirmations.GIVE_UP_AFTER, tick=False)
    assert confirmations.ask_due() == 1
    assert Arrival.objects.get().next_look_at is None


@pytest.mark.usefixtures("careful")
def test_asking_ends_with_the_worker_and_with_its_turn(rail, alice, monkeypatch):
    for receipt in ("FIRST12345", "SECOND1234", "THIRD12345"):
        come(rail, number(alice), receipt)
    seen = Arrival.objects.earliest("pk")
    asked: list[str] = []

    def script(call: str, receipt: str) -> str:
        asked.append(receipt)
        return "working"

    rail.script = script
    assert confirmations.ask_due(lambda: bool(asked)) == 1
    monkeypatch.setattr(confirmations, "TURN_S", 0)
    assert confirmations.ask_due() == 0
    monkeypatch.undo()
    assert confirmations.ask_due() == 2
    # As a second worker that read it before the first one asked.
    assert not confirmations.ask(seen)
    assert asked == ["FIRST12345", "SECOND1234", "THIRD12345"]


@pytest.mark.usefixtures("careful")
def test_an_answer_that_refuses_our_settings_pauses_payouts(rail, alice):
    come(rail, number(alice))
    for _turn in range(2):
        wait_a_while(Arrival.objects.get())
        assert confirm(rail, outcome="unknown", alarm=Alarm.STOP, code="2001") == "no_news"
    assert Pause.objects.get().rail == rail.code
    assert RailEvent.objects.filter(finding="stopped").count() == 1


@pytest.mark.usefixtures("careful")
def test_only_the_answer_to_our_question_confirms_it(rail, alice):
    attempt = prompted(alice)
    with nothing_moves():
        come(rail, number(alice))
        say(rail, attempt, cents=CENTS)
        for lookup in ("", "Q-", f"Q-{RECEIPT}", f"P-{attempt.reference}"):
            say(rail, attempt, cents=CENTS, lookup_id=lookup)
            come(rail, number(alice), RECEIPT, CENTS, lookup_id=lookup)


@pytest.mark.usefixtures("careful")
def test_a_small_message_does_not_release_a_large_one_that_waits(rail, alice):
    with nothing_moves():
        assert come(rail, number(alice), RECEIPT, 50 * CENTS) == "confirming"
        assert come(rail, number(alice), RECEIPT, 1_00) == "confirming"
    assert confirm(rail, cents=1_00) == "wrong_amount"
    assert (balance(alice), suspense_cents()) == (SOME, 1_00)
    assert_right()


@pytest.mark.usefixtures("careful")
def test_a_large_message_between_the_look_and_the_booking_is_not_credited(rail, alice, monkeypatch):
    """Two messages under one receipt, at the same moment."""
    really_credit = operations.credit

    def credit(*args: Paid, **kwargs: int) -> Transaction:
        monkeypatch.setattr(operations, "credit", really_credit)
        assert come(rail, number(alice), RECEIPT, 50 * CENTS) == "confirming"
        return really_credit(*args, **kwargs)

    monkeypatch.setattr(operations, "credit", credit)
    with nothing_moves(), pytest.raises(Busy):
        come(rail, number(alice), RECEIPT, 1_00)
    assert confirm(rail, cents=50 * CENTS) == "applied"
    assert balance(alice) == SOME + 50 * CENTS
    assert_right()


@pytest.mark.usefixtures("careful")
def test_a_deposit_counts_with_its_amount_whatever_a_message_claimed_of_its_receipt(rail, alice):
    attempt = prompted(alice)
    assert come(rail, "", receipt_of(attempt), 50 * CENTS) == "confirming"
    assert say(rail, attempt, cents=CENTS) == "confirming"
    operations.settle(transaction_id=attempt.transaction_id, receipt=receipt_of(attempt))
    assert balance(alice) == SOME + CENTS
    assert attempt.transaction.arrival.amount_cents == CENTS
    assert_right()


@pytest.mark.usefixtures("careful")
def test_when_the_rail_names_another_amount_people_decide(rail, alice):
    come(rail, number(alice), RECEIPT, 5 * CENTS)
    assert confirm(rail, cents=CENTS) == "wrong_amount"
    assert (balance(alice), suspense_cents()) == (SOME, CENTS)
    assert_right()
