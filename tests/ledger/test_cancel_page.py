"""A member takes back a withdrawal that wasn't sent yet, once, and sees where the money is."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import Client

from ledger.models import Attempt, Transaction
from ledger.operations import settlement
from ledger.payouts import leases, operations, worker
from tests.books import assert_books_right, nothing_moves
from tests.conftest import signed_in, staff
from tests.factories import UserFactory, balance, deposit, funded, send, withdraw
from tests.ledger.support import paya
from tests.ledger.support.crowd import IS_NIGHTLY, run_together
from tests.ledger.support.payouts import assert_right, by, decide, go_on, say, script, state
from tests.pages import elements, fields, htmx, is_part, is_whole_page, text, words
from wallet.errors import Busy, Refusal

pytestmark = pytest.mark.django_db

HELD = 1_000_00
BACK = "KES 300.00 is back in your wallet."
BOTH = pytest.mark.parametrize("headers", [None, htmx("receipt")])


@pytest.fixture
def attempt(rail, alice) -> Attempt:
    return Attempt.objects.get(transaction=withdraw(alice, 300_00))


def url(record: Transaction) -> str:
    return f"/activity/{record.reference}/"


def press_cancel(client: Client, attempt: Attempt, headers=None) -> HttpResponse:
    return client.post(f"{url(attempt.transaction)}cancel/", headers=headers)


def notice(response: HttpResponse) -> str:
    (said,) = elements(response, "p", role="alert")
    return words(said)


def test_without_javascript_it_leads_back_to_the_receipt(as_alice, alice, held):
    answer = press_cancel(as_alice, held)
    assert (answer.status_code, answer.headers["Location"]) == (303, url(held.transaction))
    page = as_alice.get(answer.headers["Location"])
    said = text(page)
    assert "You cancelled it" in said
    assert BACK in said
    assert "Balance after KES 1,000.00" in said
    assert "Cancelled" in said
    assert "Cancel this withdrawal" not in said
    assert "KES 1,000.00" in text(as_alice.get("/"))
    assert balance(alice) == HELD
    assert_right()


def test_htmx_gets_the_receipt_as_it_is_then(as_alice, alice, attempt):
    answer = press_cancel(as_alice, attempt, htmx("receipt"))
    assert answer.status_code == 200
    assert is_part(answer, "receipt")
    assert BACK in text(answer)
    (root,) = elements(answer, id="receipt")
    assert "hx-trigger" not in dict(root.attributes)
    assert dict(root.attributes)["data-say"] == "Cancelled. You cancelled it."
    assert_right()


@BOTH
def test_a_second_press_is_the_same_answer(as_alice, alice, held, headers):
    first = press_cancel(as_alice, held, headers)
    with nothing_moves():
        again = press_cancel(as_alice, held, headers)
    assert again.status_code == first.status_code in (200, 303)
    assert balance(alice) == HELD
    assert_right()


def test_the_form_works_as_a_browser_sends_it(alice, held):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    page = client.get(url(held.transaction))
    (form,) = [each for each in elements(page, "form") if "cancel/" in str(each.attributes)]
    asked = dict(form.attributes)
    assert (asked["method"], asked["action"]) == ("post", asked["hx-post"])
    assert client.post(asked["action"]).status_code == 403
    assert state(held) == "HELD"
    filled = {"csrfmiddlewaretoken": fields(page)["csrfmiddlewaretoken"]}
    assert client.post(asked["action"], filled).status_code == 303
    assert state(held) == "CANCELLED"


@BOTH
@pytest.mark.parametrize(
    ("ends", "sentence", "status"),
    [
        ("sent", "We had sent it before you pressed Cancel", "Processing"),
        ("unknown", "We had sent it before you pressed Cancel", "Confirming"),
        ("paid", "It was paid before you pressed Cancel", "Complete"),
        ("failed", "It had ended before you pressed Cancel: your money is back", BACK),
    ],
)
def test_too_late(as_alice, rail, attempt, ends, sentence, status, headers):
    script(rail, "done_but_lost" if ends == "unknown" else "")
    rail.fails = lambda reference: ends == "failed"
    worker.do_due()
    if ends in ("paid", "failed"):
        say(rail, attempt)
    with nothing_moves():
        answer = press_cancel(as_alice, attempt, headers)
    assert answer.status_code == 409
    assert is_part(answer, "receipt") if headers else is_whole_page(answer)
    assert notice(answer).startswith(sentence)
    assert status in text(answer)
    assert "Cancel this withdrawal" not in text(answer)


@BOTH
def test_a_deposit_is_cancelled_before_its_prompt_is_sent(as_alice, alice, rail, headers):
    unsent = Attempt.objects.get(transaction=deposit(alice, 300_00))
    assert "Cancel this deposit" in text(as_alice.get(url(unsent.transaction)))
    answer = press_cancel(as_alice, unsent, headers)
    assert answer.status_code == (200 if headers else 303)
    page = text(as_alice.get(url(unsent.transaction)))
    assert "You cancelled it" in page
    assert "back in your wallet" not in page
    assert worker.do_due() == 0
    prompted = Attempt.objects.get(transaction=deposit(alice, 300_00))
    worker.do_due()
    assert "Cancel this" not in text(as_alice.get(url(prompted.transaction)))
    for ended, sentence in ((False, "dismiss the prompt"), (True, "It was in your wallet before")):
        if ended:
            say(rail, prompted)
        with nothing_moves():
            answer = press_cancel(as_alice, prompted, headers)
        assert answer.status_code == 409
        assert sentence in notice(answer)
    assert balance(alice) == HELD + 300_00
    assert_right()


@BOTH
def test_a_refused_one_is_too_late_too(as_alice, held, wambui, headers):
    decide(operations.refuse, wambui, held)
    with nothing_moves():
        answer = press_cancel(as_alice, held, headers)
    assert answer.status_code == 409
    assert notice(answer).startswith("It had ended before you pressed Cancel")
    assert "Not approved" in text(answer)


@BOTH
def test_a_claimed_one_is_too_late(as_alice, attempt, headers):
    leases.claim()
    with nothing_moves():
        answer = press_cancel(as_alice, attempt, headers)
    assert answer.status_code == 409
    assert state(attempt) == "SENDING"


@BOTH
def test_a_busy_ledger_says_so_and_keeps_the_button(as_alice, held, headers, monkeypatch):
    def is_busy(*_args: object, **_more: object) -> None:
        raise Busy

    monkeypatch.setattr(settlement, "end", is_busy)
    answer = press_cancel(as_alice, held, headers)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert notice(answer).startswith("Nissmart is busy right now.")
    assert "Cancel this withdrawal" in text(answer)


@BOTH
def test_strangers_and_visitors_cancel_nothing(held, bob, wambui, auditor, operator, headers):
    for person in (bob, wambui, auditor, operator):
        assert press_cancel(signed_in(person), held, headers).status_code == 404
    answer = press_cancel(Client(), held, headers)
    assert "/accounts/login/" in answer.headers["HX-Redirect" if headers else "Location"]
    assert state(held) == "HELD"


def test_what_was_instant_has_no_such_page(as_alice, alice, bob):
    for record in (send(alice, bob, 1_00), withdraw(alice, 1_00), deposit(alice, 1_00)):
        assert "Cancel this" not in text(as_alice.get(url(record)))
        with nothing_moves():
            assert as_alice.post(f"{url(record)}cancel/").status_code == 404


def test_reading_its_address_leads_to_the_receipt(as_alice, held):
    answer = as_alice.get(f"{url(held.transaction)}cancel/")
    assert (answer.status_code, answer.headers["Location"]) == (302, url(held.transaction))
    assert as_alice.put(f"{url(held.transaction)}cancel/").status_code == 405
    assert state(held) == "HELD"


# --- Races


def answered(client: Client, attempt: Attempt) -> int:
    return press_cancel(client, attempt, htmx("receipt")).status_code


def tried(job) -> object:
    try:
        return job()
    except Refusal as refusal:
        return refusal


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("needs_approval", [True, False])
def test_cancelling_twice_while_it_is_approved_and_sent(settings, needs_approval):
    """One of both happens: it is paid once, or the money is back once."""
    owner, person = funded(UserFactory(), HELD), staff("finance")
    settings.APPROVE_ONE_ABOVE_CENTS = 0 if needs_approval else 10**9
    client = signed_in(owner)
    with paya.known() as rail:
        for _round in range(20 if IS_NIGHTLY else 3):
            record = withdraw(owner, 1_00)
            attempt, left = Attempt.objects.get(transaction=record), balance(owner)
            fingerprint = attempt.fingerprint
            seen = {"attempt_id": attempt.pk, "fingerprint": fingerprint}
            *statuses, _approved, _sent = run_together(
                lambda attempt=attempt: answered(client, attempt),
                lambda attempt=attempt: answered(client, attempt),
                lambda seen=seen: tried(lambda: operations.approve(by(person), **seen)),
                worker.do_due,
            )
            ended = go_on(attempt)
            if ended == "HELD":
                # SQLite was busy for all of them.
                assert set(statuses) == {503}
                statuses, ended = [answered(client, attempt)], state(attempt)
            if ended == "CANCELLED":
                assert 200 in statuses
                assert set(statuses) <= {200, 503}
                assert balance(owner) == left + 1_00
                assert attempt.reference not in rail.lines()
            else:
                assert ended == "SUCCEEDED"
                assert set(statuses) <= {409, 503}
                assert rail.lines()[attempt.reference] == 1
                assert balance(owner) == left
            assert_books_right()
