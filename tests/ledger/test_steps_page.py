"""The receipt of a payment on a rail says what is known of it, with times, until it has ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client, override_settings
from django.utils import timezone

from ledger.models import Attempt
from ledger.payouts import operations, outcomes, worker
from ledger.payouts.outcomes import Heard
from ledger.rails import Answer, Outcome
from tests.conftest import signed_in
from tests.factories import deposit, funded, withdraw
from tests.ledger.support import paya
from tests.ledger.support.payouts import by, decide, now_is, say, script, sent, state
from tests.pages import elements, find, htmx, is_part, is_whole_page, text, words
from wallet import operations as wallet_operations
from wallet.context import SYSTEM
from wallet.models import User

pytestmark = pytest.mark.django_db

BACK = "Your money is back in your wallet."
TAKEN = "Taken out of your available balance."


@pytest.fixture
def rail(alice):
    with paya.known() as rail:
        yield rail


@pytest.fixture
def held(rail, alice, settings) -> Attempt:
    settings.APPROVE_ONE_ABOVE_CENTS = 0
    return ordered(alice)


def ordered(user: User, move=withdraw) -> Attempt:
    return Attempt.objects.get(transaction=move(user, 300_00))


def url(attempt: Attempt) -> str:
    return f"/activity/{attempt.transaction.reference}/"


def look(client: Client, attempt: Attempt) -> HttpResponse:
    """The page and the part that htmx gets say the same."""
    page = client.get(url(attempt))
    part = client.get(url(attempt), headers=htmx("receipt"))
    assert is_whole_page(page)
    assert is_part(part, "receipt")
    assert steps(part) == steps(page)
    assert polls(part) == polls(page)
    return page


def steps(response: HttpResponse) -> list[tuple[str, str]]:
    """(look, words without times) of each step."""
    (timeline,) = elements(response, "ol", class_="timeline")
    found = []
    for step in find(timeline, "li"):
        said = words(step)
        for time in find(step, "time"):
            said = said.replace(words(time), "")
        found.append((dict(step.attributes)["class"].split()[-1], " ".join(said.split())))
    return found


def polls(response: HttpResponse) -> str:
    (root,) = elements(response, id="receipt")
    return dict(root.attributes).get("hx-trigger", "").partition(",")[0]


def ask_again(client: Client, attempt: Attempt, page: HttpResponse) -> HttpResponse:
    """Poll like the page does."""
    (root,) = elements(page, id="receipt")
    return client.get(dict(root.attributes)["hx-get"], headers=htmx("receipt"))


def is_offered(response: HttpResponse, name: str) -> bool:
    return any(words(each) == name for each in elements(response, "button"))


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
    assert steps(page)[2:] == [("done", "Sent to Paya"), ("done", "Paid Paya confirmed it.")]
    assert polls(page) == ""
    assert "Complete" in text(page)
    assert f"Paya receipt R-{held.reference}" in text(page)


def test_a_withdrawal_without_approval_has_no_such_step(as_alice, alice, rail):
    attempt = ordered(alice)
    said = [each for _look, each in steps(look(as_alice, attempt))]
    assert said == [f"Requested {TAKEN}", "Sending to Paya", "Paid Not yet"]


def test_a_claimed_withdrawal_is_being_sent(as_alice, alice, rail):
    attempt = ordered(alice)
    worker.claim()
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
    said = text(look(as_alice, attempt))
    assert "We don't know yet if Paya took the money." in said
    assert "Don't pay again." in said
    for untrue in ("Deposit again", "I didn't get the prompt", "Not yet"):
        assert untrue not in said


def test_another_amount_than_asked_for_is_not_called_nothing(as_alice, alice, rail):
    attempt = sent(alice, move=deposit)
    answer = Answer(Outcome.SUCCEEDED, receipt="R-1")
    outcomes.take_in(attempt, Heard(answer, amount_cents=200_00))
    said = text(as_alice.get(url(attempt)))
    assert "Paya took another amount than you asked for." in said
    assert "Nothing was added to your wallet." not in said


# --- Polling


@pytest.mark.parametrize("move", [withdraw, deposit])
def test_a_poll_gets_an_empty_answer_until_something_changes(as_alice, alice, rail, move):
    attempt = ordered(alice, move)
    page = as_alice.get(url(attempt))
    again = ask_again(as_alice, attempt, page)
    assert (again.status_code, again.content) == (204, b"")
    worker.do_due()
    page = ask_again(as_alice, attempt, page)
    assert is_part(page, "receipt")
    assert ask_again(as_alice, attempt, page).status_code == 204
    say(rail, attempt)
    page = ask_again(as_alice, attempt, page)
    (root,) = elements(page, id="receipt")
    assert not {"hx-get", "hx-trigger", "data-poll"} & dict(root.attributes).keys()


def test_a_poll_announces_the_step(as_alice, alice, rail):
    attempt = sent(alice)
    (root,) = elements(as_alice.get(url(attempt)), id="receipt")
    assert dict(root.attributes)["data-say"] == "Processing. Paya is paying it out."


def test_only_htmx_gets_an_empty_answer(as_alice, alice, rail):
    attempt = ordered(alice)
    (root,) = elements(as_alice.get(url(attempt)), id="receipt")
    assert is_whole_page(as_alice.get(dict(root.attributes)["hx-get"]))


def test_polls_less_often_after_a_while(as_alice, alice, rail):
    attempt = sent(alice)
    page = as_alice.get(url(attempt))
    now_is(attempt, minutes=4)
    page = ask_again(as_alice, attempt, page)
    assert polls(page) == "every 15s"


def test_there_is_a_link_without_javascript(as_alice, alice, rail):
    attempt = sent(alice)
    page = as_alice.get(url(attempt))
    assert [words(link) for link in elements(page, "a", href=url(attempt))] == ["Refresh"]
    say(rail, attempt)
    assert not elements(as_alice.get(url(attempt)), "a", href=url(attempt))


def test_strangers_see_no_steps(rail, alice, bob, wambui):
    attempt = sent(alice)
    for stranger in (bob, wambui):
        for headers in (None, htmx("receipt")):
            assert signed_in(stranger).get(url(attempt), headers=headers).status_code == 404


def test_a_poll_after_signing_out_leads_to_sign_in(client, rail, alice):
    attempt = sent(alice)
    answer = client.get(url(attempt), headers=htmx("receipt"))
    assert answer.headers["HX-Redirect"].startswith("/accounts/login/")


# --- The simulated rail


@pytest.mark.parametrize("move", [withdraw, deposit])
@pytest.mark.parametrize("cents", [4_001_00, 4_002_00, 4_003_00])
def test_no_page_says_rail(alice, as_alice, move, cents):
    with override_settings(RAIL="simulated"):
        attempt = Attempt.objects.get(transaction=move(funded(alice, 9_000_00), cents))
        for _turn in range(2):
            said = text(look(as_alice, attempt)).lower()
            assert " rail" not in said
            assert "test mode" in said
            assert "left nissmart" not in said
            worker.do_due()
