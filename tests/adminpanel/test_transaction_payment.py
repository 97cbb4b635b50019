"""The payment of a transaction on its page: what was sent, who approved, and "Query"."""

from __future__ import annotations

import pytest
from django.utils import timezone

from ledger.models import Attempt, RailEvent
from ledger.payouts import operations, worker
from ledger.payouts.asking import ask_now
from tests.adminpanel.support.payouts import BOTH, order
from tests.adminpanel.test_transaction_page import section, url
from tests.books import nothing_moves
from tests.conftest import signed_in
from tests.factories import deposit, send
from tests.ledger.support.payouts import by, decide, now_is, say, script, sent, state
from tests.pages import elements, htmx, is_part, is_whole_page, text
from wallet.errors import NotAllowed, TooLate
from wallet.models import AuditEvent

pytestmark = [
    pytest.mark.any_engine,
    pytest.mark.django_db,
    pytest.mark.usefixtures("approval_for_every_payout"),
]

PART = htmx("payment")


@pytest.fixture
def unknown(unknown) -> Attempt:
    """No worker asks about it any longer."""
    Attempt.objects.filter(pk=unknown.pk).update(next_look_at=None)
    unknown.refresh_from_db()
    return unknown


def ask(client, attempt: Attempt, **more):
    return client.post(url(attempt.transaction, "ask"), **more)


def questions() -> int:
    return RailEvent.objects.filter(kind="ask-request").count()


def test_the_page_shows_the_whole_payment(held, wambui, as_wambui, rail):
    page = section(as_wambui.get(url(held.transaction)), "payment")
    assert "Paya Needs approval" in page
    assert "Needs approval because Every payout needs approval" in page
    assert "Approve or refuse" in page
    decide(operations.approve, wambui, held)
    rail.script = lambda call, reference: "instant"
    worker.do_due()
    response = as_wambui.get(url(held.transaction))
    page = section(response, "payment")
    assert "Paya Paid" in page
    assert f"Receipt R1-{held.reference}" in page
    assert f"Our reference at the rail {held.reference}" in page
    assert "1 of 1 Approved: Wambui Kariuki" in page
    steps = section(response, "timeline")
    for step in ("Requested by Alice", "Approved by Wambui", "Sent to Paya", "Paid R1-NSP"):
        assert step in steps
    said = section(response, "messages")
    assert "Request pay-request" in said
    assert "Answer pay-answer HTTP 200" in said
    assert len(elements(response, "details")) >= 2
    assert "Query" not in text(response)


def test_a_failure_says_why(alice, rail, as_wambui, settings):
    settings.APPROVE_ONE_ABOVE_CENTS = 10**9
    rail.fails = lambda reference: True
    rail.script = lambda call, reference: "instant"
    attempt = sent(alice)
    page = section(as_wambui.get(url(attempt.transaction)), "payment")
    assert "Why it ended Refused (2040)" in page
    callback = RailEvent.objects.create(
        rail="paya", kind="paid", attempt=attempt, is_callback=True, body='{"a": {"b": 1}}'
    )
    said = as_wambui.get(url(attempt.transaction))
    assert "Callback paid" in section(said, "messages")
    assert "{\n  &quot;a&quot;: {\n    &quot;b&quot;: 1" in said.text, callback.body


def test_what_took_no_rail_has_no_payment(alice, bob, as_wambui):
    for record in (send(alice, bob, 1_00), deposit(alice, 1_00)):
        response = as_wambui.get(url(record))
        assert not elements(response, id="payment")
        assert "Sent and answered" not in text(response)
        assert as_wambui.post(url(record, "ask")).status_code == 404


@pytest.mark.parametrize("headers", [*BOTH[:1], PART])
def test_finance_asks_the_rail_once(unknown, rail, as_wambui, wambui, headers):
    rail.script = lambda call, reference: ""
    before = questions()
    with nothing_moves():
        for _click in range(2):
            response = ask(as_wambui, unknown, headers=headers)
            if headers:
                assert is_part(response, "payment")
                assert "Paya is being asked." in text(response)
            else:
                assert response.headers["Location"] == url(unknown.transaction)
        assert questions() == before, "the page itself calls no rail"
    act = AuditEvent.objects.acts().get(action="ask_rail")
    assert (act.actor, act.subject) == (wambui, f"transaction {unknown.transaction.reference}")
    page = as_wambui.get(url(unknown.transaction))
    assert is_whole_page(page)
    assert "is being asked" in section(page, "payment")
    assert "Query Paya" not in text(page)
    polled = as_wambui.get(url(unknown.transaction), headers=PART)
    assert is_part(polled, "payment")
    assert worker.do_due() == 1
    assert questions() == before + 1
    # The rail never saw it, so it is sent again, under the same reference.
    assert state(unknown) == "READY"


def test_a_question_without_an_answer_opens_one_incident(unknown, rail, as_wambui):
    now_is(unknown, hours=30)
    for _question in range(2):
        ask(as_wambui, unknown)
        assert worker.do_due() == 1
        assert (state(unknown), unknown.next_look_at) == ("UNKNOWN", None)
    assert RailEvent.objects.filter(finding="overdue").count() == 1
    assert "Query Paya" in text(as_wambui.get(url(unknown.transaction)))


def test_a_deposit_may_be_asked_about_too(alice, rail, as_wambui):
    attempt = sent(alice, 10_00, move=deposit)
    assert attempt.next_look_at > timezone.now()
    ask(as_wambui, attempt)
    worker.do_due()
    assert state(attempt) == "SUCCEEDED"
    page = section(as_wambui.get(url(attempt.transaction)), "payment")
    assert "Paya Succeeded" in page
    assert "Steps, approvals" not in page


def test_only_what_was_sent_and_is_open_is_asked_about(alice, held, rail, as_wambui, wambui):
    response = ask(as_wambui, held)
    assert response.status_code == 409
    assert "was sent and hasn't ended" in section(response, "payment")
    decide(operations.approve, wambui, held)
    script(rail, "instant")
    worker.do_due()
    assert ask(as_wambui, held).status_code == 409
    assert not AuditEvent.objects.filter(action="ask_rail").exists()


def test_another_amount_is_for_people_to_find_out(unknown, rail, wambui, as_wambui):
    """The rail would only say that it paid, not how much."""
    Attempt.objects.filter(pk=unknown.pk).update(next_look_at=None)
    say(rail, unknown, outcome="succeeded", receipt="R9", cents=1)
    assert "Query" not in section(as_wambui.get(url(unknown.transaction)), "payment")
    with nothing_moves(), pytest.raises(TooLate, match="another amount"):
        ask_now(by(wambui), attempt_id=unknown.pk)


def test_only_finance_asks(unknown, alice, auditor, operator):
    for person in (alice, auditor, operator):
        assert ask(signed_in(person), unknown).status_code == 403
        with pytest.raises(NotAllowed):
            ask_now(by(person), attempt_id=unknown.pk)
    page = section(signed_in(auditor).get(url(unknown.transaction)), "payment")
    assert "Outcome unknown" in page
    for button in ("Query", "Return to wallet", "Approve or"):
        assert button not in page
    assert signed_in(alice).get(url(unknown.transaction)).status_code == 403


def test_the_way_back_to_the_wallet_is_on_the_payouts_page(alice, unknown, rail, as_wambui):
    page = section(as_wambui.get(url(unknown.transaction)), "payment")
    assert "Return to wallet, or say that it was paid" in page
    unsent = order(alice, 1_00)
    assert unsent.state == "READY"
    assert "Return to wallet" in section(as_wambui.get(url(unsent.transaction)), "payment")
