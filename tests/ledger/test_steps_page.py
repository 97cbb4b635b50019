"""The receipt of a payment on a rail says what is known of it, with times, until it has ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from ledger.payouts import leases, operations, outcomes, worker
from ledger.payouts.outcomes import Heard
from ledger.rails import Answer, Outcome
from tests.factories import deposit
from tests.ledger.support.payouts import by, decide, say, script, sent, state
from tests.ledger.support.receipts import is_offered, look, ordered, polls, steps, url
from tests.pages import elements, find, text
from wallet import operations as wallet_operations
from wallet.context import SYSTEM

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

BACK = "Your money is back in your wallet."
TAKEN = "Taken out of your available balance."


# --- Withdrawals


def test_a_withdrawal_that_waits_for_approval(as_alice, held):
    page = look(as_alice, held)
    assert steps(page) == [
        ("done", f"Requested {TAKEN}"),
        ("now", "Waiting for approval Our team checks some withdrawals before we pay them."),
        ("later", "Sent to Paya Not yet"),
        ("later", "Paid Not yet"),
    ]
    said = text(page)
    assert "Being checked" in said
    assert "We've set this money aside." in said
    assert "Balance after KES 700.00" in said
    assert polls(page) == "every 15s"
    assert is_offered(page, "Cancel this withdrawal")


def test_an_approved_withdrawal_is_sent_then_paid(as_alice, alice, rail, held, wambui):
    decide(operations.approve, wambui, held)
    page = look(as_alice, held)
    assert steps(page)[1:] == [
        ("done", "Approved"),
        ("now", "Sending to Paya"),
        ("later", "Paid Not yet"),
    ]
    assert is_offered(page, "Cancel this withdrawal")
    worker.do_due()
    page = look(as_alice, held)
    assert steps(page)[2:] == [
        ("done", "Sent to Paya"),
        (
            "now",
            "Paya is paying it out Usually under 2 minutes. It takes longer when Paya is busy.",
        ),
        ("later", "Paid Not yet"),
    ]
    assert not is_offered(page, "Cancel this withdrawal")
    assert polls(page) == "every 3s"
    assert "Complete" not in text(page)
    say(rail, held)
    page = look(as_alice, held)
    assert steps(page)[2:] == [("done", "Sent to Paya"), ("done", "Paid")]
    assert polls(page) == ""
    assert "Complete" in text(page)
    assert f"Paya receipt R1-{held.reference}" in text(page)


def test_a_withdrawal_without_approval_has_no_such_step(as_alice, alice, rail):
    attempt = ordered(alice)
    said = [each for _look, each in steps(look(as_alice, attempt))]
    assert said == [f"Requested {TAKEN}", "Sending to Paya", "Paid Not yet"]


def test_a_claimed_withdrawal_is_being_sent(as_alice, alice, rail):
    attempt = ordered(alice)
    leases.claim()
    assert state(attempt) == "SENDING"
    page = look(as_alice, attempt)
    assert ("now", "Sending to Paya") in steps(page)
    assert not is_offered(page, "Cancel this withdrawal")


def test_each_step_that_is_done_has_its_time(as_alice, alice, rail):
    attempt = sent(alice)
    say(rail, attempt)
    (timeline,) = elements(as_alice.get(url(attempt)), "ol", class_="timeline")
    assert len(list(find(timeline, "time"))) == len(list(find(timeline, "li"))) == 3


def test_a_failed_withdrawal_says_that_the_money_is_back(as_alice, alice, rail):
    rail.fails = lambda reference: True
    rail.explain = lambda code, *, is_payout: "Your number isn't registered."
    attempt = sent(alice)
    say(rail, attempt)
    page = look(as_alice, attempt)
    assert steps(page)[1:] == [
        ("done", "Sent to Paya"),
        ("failed", f"Didn't go through Your number isn't registered. {BACK}"),
    ]
    said = text(page)
    assert "KES 300.00 is back in your wallet." in said
    assert "Balance after KES 1,000.00" in said
    assert polls(page) == ""


def test_an_unknown_outcome_says_so_and_warns(as_alice, alice, rail):
    script(rail, "done_but_lost")
    attempt = sent(alice)
    page = look(as_alice, attempt)
    assert steps(page)[-1] == (
        "now",
        "We're finding out We're asking Paya. Nothing is paid or taken twice.",
    )
    said = text(page)
    assert "Confirming" in said
    assert "The money is safe: it reaches you, or it comes back to your wallet." in said
    assert "Don't withdraw it again." in said
    for untrue in ("Complete", "Withdraw again", "Paid"):
        assert untrue not in said
    assert polls(page) == "every 15s"


def test_a_refused_withdrawal_says_why(as_alice, held, wambui):
    operations.refuse(
        by(wambui, "The number isn't yours"), attempt_id=held.pk, fingerprint=held.fingerprint
    )
    page = look(as_alice, held)
    assert steps(page)[1:] == [("failed", f"Not approved The number isn't yours. {BACK}")]
    assert "Wambui" not in text(page)
    assert polls(page) == ""


def test_says_why_a_withdrawal_is_not_sent(as_alice, alice, rail):
    attempt = ordered(alice)
    operations.pause(SYSTEM.because("A drill"))
    assert (
        "Withdrawals are paused. We send it as soon as they go on."
        in steps(look(as_alice, attempt))[1][1]
    )
    assert "A drill" not in text(as_alice.get(url(attempt)))
    wallet_operations.freeze(SYSTEM, alice.primary_account().pk)
    assert "Your wallet is frozen, so we don't send it" in steps(look(as_alice, attempt))[1][1]


def test_a_withdrawal_that_waits_long_says_so(as_alice, alice, rail):
    attempt = ordered(alice)
    page = as_alice.get(url(attempt))
    assert "longer than usual" not in text(page)
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        page = as_alice.get(url(attempt))
    assert "This takes longer than usual. There's no need to ask again." in text(page)


def test_an_approved_withdrawal_is_not_called_late(as_alice, held, wambui):
    with time_machine.travel(timezone.now() + timedelta(hours=3)) as clock:
        decide(operations.approve, wambui, held)
        assert "longer than usual" not in text(as_alice.get(url(held)))
        clock.shift(timedelta(minutes=2))
        assert "longer than usual" in text(as_alice.get(url(held)))


def test_what_was_not_taken_is_tried_again(as_alice, alice, rail):
    script(rail, "busy")
    attempt = sent(alice)
    assert state(attempt) == "READY"
    page = look(as_alice, attempt)
    assert ("now", "Sending to Paya This takes longer than usual.") in [
        (how, said.removesuffix(" There's no need to ask again.")) for how, said in steps(page)
    ]
    assert is_offered(page, "Cancel this withdrawal")


# --- Deposits


def test_a_deposit_asks_for_the_pin_then_is_added(as_alice, alice, rail):
    attempt = ordered(alice, deposit)
    page = look(as_alice, attempt)
    assert steps(page) == [
        ("done", "You asked to deposit"),
        ("now", "Sending a prompt to your phone"),
        ("later", "Enter your PIN on your phone Not yet"),
        ("later", "Added to your wallet Not yet"),
    ]
    assert not is_offered(page, "Cancel this withdrawal")
    worker.do_due()
    page = look(as_alice, attempt)
    assert steps(page)[1:] == [
        ("done", "Prompt sent to your phone"),
        (
            "now",
            "Enter your PIN on your phone Type your Paya PIN there only. We never ask for it.",
        ),
        ("later", "Added to your wallet Not yet"),
    ]
    assert "Check your phone" in text(page)
    assert "+KES" not in text(page)
    assert "Balance after" not in text(page)
    say(rail, attempt)
    page = look(as_alice, attempt)
    assert steps(page)[-1] == ("done", "Added to your wallet")
    assert "+KES 300.00" in text(page)
    assert "Balance after KES 1,300.00" in text(page)
    assert polls(page) == ""


def test_a_failed_deposit_added_nothing(as_alice, alice, rail):
    rail.fails = lambda reference: True
    attempt = sent(alice, move=deposit)
    say(rail, attempt)
    page = look(as_alice, attempt)
    assert steps(page)[-1] == ("failed", "Didn't go through")
    assert "Nothing was added to your wallet." in text(page)


def test_an_unknown_deposit_warns(as_alice, alice, rail):
    script(rail, "lost")
    attempt = sent(alice, move=deposit)
    page = look(as_alice, attempt)
    said = text(page)
    assert steps(page)[1] == ("done", "Asked Paya to send the prompt")
    assert "We don't know yet if Paya took the money." in said
    assert "Don't pay again." in said
    for untrue in ("Deposit again", "I didn't get the prompt", "Not yet"):
        assert untrue not in said


def test_a_refused_request_sent_no_prompt(as_alice, alice, rail):
    script(rail, "rejected")
    page = look(as_alice, sent(alice, move=deposit))
    assert steps(page)[1:] == [
        ("done", "Asked Paya to send the prompt"),
        ("failed", "Didn't go through"),
    ]
    assert "Prompt sent" not in text(page)


def test_another_amount_than_asked_for_is_not_called_nothing(as_alice, alice, rail):
    attempt = sent(alice, move=deposit)
    answer = Answer(Outcome.SUCCEEDED, receipt="R-1")
    outcomes.take_in(attempt, Heard(answer, amount_cents=200_00))
    said = text(as_alice.get(url(attempt)))
    assert "Paya took another amount than you asked for." in said
    assert "Nothing was added to your wallet." not in said
