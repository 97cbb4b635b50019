"""What a rail says by itself is kept first, then applied once, and only as far as it fits."""

from __future__ import annotations

import json
import logging
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from ledger import guards
from ledger.models import Attempt, Entry, RailEvent, Transaction
from ledger.payouts import callbacks, operations, worker
from tests.books import assert_books_right, nothing_moves
from tests.factories import balance, deposit, withdraw
from tests.ledger.support import paya
from tests.ledger.test_payout_worker import assert_right, now_is, script, state
from wallet import house
from wallet.context import Context
from wallet.models import User
from wallet.web.logs import JsonLine

pytestmark = pytest.mark.django_db

HELD = 1_000_00
ADDRESS = f"/rails/{paya.SECRET}/paid/"


@pytest.fixture
def rail(alice):
    with paya.known() as rail:
        yield rail


@pytest.fixture
def client() -> Client:
    return Client(enforce_csrf_checks=True)


def sent(user: User, cents: int = 300_00, move=withdraw) -> Attempt:
    """One that its rail has accepted, and carried out."""
    attempt = Attempt.objects.get(transaction=move(user, cents))
    worker.do_due()
    attempt.refresh_from_db()
    return attempt


def post(client: Client, body: bytes, address: str = ADDRESS, **more: object):
    return client.post(address, body, content_type="application/json", **more)


def say(rail: paya.Paya, attempt: Attempt, **changes: object) -> str | None:
    """What the rail's callback about this payment turned out to mean."""
    return hear(rail, rail.message(attempt.reference, **changes))


def hear(rail: paya.Paya, body: bytes, **more: str) -> str | None:
    event = callbacks.store(rail, "paid", body, **more)
    found = callbacks.apply(event)
    event.refresh_from_db()
    assert event.finding == found
    return found


def age(**by: float) -> None:
    """As if messages had come this long ago."""
    guards.remove(connection)
    for one in RailEvent.objects.all():
        RailEvent.objects.filter(pk=one.pk).update(at=one.at - timedelta(**by))
    guards.install(connection)


def suspense_cents() -> int:
    entries = Entry.objects.filter(account=house.SUSPENSE.id)
    return sum(entries.values_list("amount_cents", flat=True))


# --- The address


def test_a_message_is_kept_applied_and_acknowledged(alice, rail, client):
    attempt = sent(alice)
    body = rail.message(attempt.reference)
    answer = post(client, body, REMOTE_ADDR="10.1.2.3")
    assert (answer.status_code, answer.json()) == (
        200,
        {"ResultCode": 0, "ResultDesc": "Accepted"},
    )
    event = RailEvent.objects.get(is_callback=True)
    assert (event.kind, event.finding, event.attempt) == ("paid", "applied", attempt)
    assert (event.ip_address, event.body) == ("10.1.2.3", body.decode())
    assert state(attempt) == "SUCCEEDED"
    assert_right()


@pytest.mark.parametrize("address", ["/rails/wrong/paid/", f"/rails/{paya.SECRET[:-1]}/paid/"])
def test_a_stranger_gets_a_404_and_leaves_nothing(alice, rail, client, address):
    attempt = sent(alice)
    with nothing_moves():
        assert post(client, rail.message(attempt.reference), address).status_code == 404
    assert not RailEvent.objects.filter(is_callback=True).exists()


def test_only_a_post_is_a_message(rail, client):
    assert client.get(ADDRESS).status_code == 405


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>502 Bad Gateway</body></html>",
        b"<soap:Envelope><soap:Fault/></soap:Envelope>",
        b"[]",
        b"null",
        b'"paid"',
        b"\x00\xff",
        b"{" * 5000,
        b'{"outcome": "perhaps"}',
        b"a=b&c=d",
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", "text/xml", ""])
def test_a_body_that_can_not_be_read_is_kept_and_breaks_nothing(rail, client, body, content_type):
    with nothing_moves():
        answer = client.post(ADDRESS, body, content_type=content_type)
    assert answer.status_code == 200
    assert RailEvent.objects.get().finding == "unreadable"


def test_a_form_is_read_as_it_came(rail, client):
    kind = "application/x-www-form-urlencoded"
    assert client.post(ADDRESS, b"a=b", content_type=kind).status_code == 200
    assert RailEvent.objects.get().body == "a=b"


def test_a_body_that_is_too_large_is_refused_and_its_start_kept(rail, client):
    assert post(client, b"x" * (64 * 1024)).status_code == 200
    assert post(client, b"x" * (64 * 1024 + 1)).status_code == 413
    assert post(client, b"x" * 2_000_000).status_code == 413
    kept = RailEvent.objects.filter(finding="too_large")
    assert {len(event.body) for event in kept} == {2000}
    assert kept.count() == 2


def test_the_secret_is_in_no_log(rail, client, caplog):
    with caplog.at_level(logging.INFO):
        post(client, b"{}")
    lines = [JsonLine().format(record) for record in caplog.records]
    assert any("/rails/***/paid/" in line for line in lines)
    assert not any(paya.SECRET in line for line in lines)


def test_what_can_not_be_applied_now_is_acknowledged_and_applied_later(
    alice, rail, client, monkeypatch
):
    attempt = sent(alice)

    def fail(*args):
        raise RuntimeError("a bug")

    with monkeypatch.context() as broken:
        broken.setattr(callbacks.outcomes, "take_in", fail)
        assert post(client, rail.message(attempt.reference)).status_code == 200
        assert state(attempt) == "SENT"
        age(seconds=10)
        with pytest.raises(ExceptionGroup):
            callbacks.apply_waiting()
    assert callbacks.apply_waiting() == 1
    assert state(attempt) == "SUCCEEDED"
    assert callbacks.apply_waiting() == 0


def test_one_that_never_can_be_applied_is_given_up_after_a_day(alice, rail, monkeypatch):
    attempt = sent(alice)

    def fail(*args):
        raise RuntimeError("a bug")

    monkeypatch.setattr(callbacks.outcomes, "take_in", fail)
    event = callbacks.store(rail, "paid", rail.message(attempt.reference))
    age(hours=25)
    with pytest.raises(ExceptionGroup):
        callbacks.apply_waiting()
    event.refresh_from_db()
    assert event.finding == "gave_up"


# --- Which payment it is about


def test_it_finds_its_payment_by_each_name(alice, rail):
    first, second, third = (sent(alice, cents) for cents in (10_00, 20_00, 30_00))
    assert say(rail, first, rail_id="") == "applied"
    assert say(rail, second, reference="") == "applied"
    worker.write_events([worker.event_of(third, kind="lookup", rail_id="Q-1")])
    body = rail.message(third.reference, reference="", rail_id="", lookup_id="Q-1")
    assert hear(rail, body) == "applied"
    fourth = sent(alice, 40_00)
    body = rail.message(fourth.reference, reference="", rail_id="")
    assert hear(rail, body, reference=fourth.reference) == "applied"


def test_one_that_names_two_payments_is_about_neither(alice, rail):
    first, second = sent(alice, 10_00), sent(alice, 20_00)
    with nothing_moves():
        assert hear(rail, rail.message(first.reference), reference=second.reference) is None


def test_one_that_came_before_its_id_was_known_is_applied_later(alice, rail):
    script(rail, "unnamed")
    attempt = sent(alice)
    body = rail.message(attempt.reference, reference="")
    assert hear(rail, body) is None
    Attempt.objects.update(rail_id=f"P-{attempt.reference}")
    age(seconds=10)
    assert callbacks.apply_waiting() == 1
    assert state(attempt) == "SUCCEEDED"


@pytest.mark.parametrize(
    "forged",
    [
        {"reference": "NSP-0000000000000000", "rail_id": ""},
        {"reference": "", "rail_id": "P-unknown"},
        {"reference": "", "rail_id": ""},
        {"reference": "'; DROP TABLE", "rail_id": ""},
    ],
)
def test_one_about_no_payment_of_ours_is_an_incident_after_a_while(alice, rail, forged):
    attempt = sent(alice)
    with nothing_moves():
        assert say(rail, attempt, **forged) is None
        age(minutes=6)
        callbacks.apply_waiting()
    assert RailEvent.objects.get(is_callback=True).finding == "unmatched"


def test_another_rails_message_is_not_about_ours(alice, rail):
    attempt = sent(alice)
    event = callbacks.store(rail, "paid", rail.message(attempt.reference))
    other = RailEvent(rail="simulated", reference=attempt.reference)
    assert callbacks.payment_of(other, rail.parse_callback("paid", event.body.encode())) is None


def test_a_payment_that_its_payer_started_waits_for_people(rail):
    said = {"outcome": "succeeded", "receipt": "R1", "cents": 5_00, "account": "NS482913"}
    assert hear(rail, json.dumps(said).encode()) == "unmatched"
    assert hear(rail, json.dumps(said | {"outcome": "pending"}).encode()) == "not_ours"


# --- What it says


def test_the_same_message_again_changes_nothing(alice, rail):
    attempt = sent(alice)
    assert say(rail, attempt) == "applied"
    with nothing_moves():
        assert [say(rail, attempt) for _again in range(3)] == ["duplicate"] * 3


def test_a_failure_gives_the_money_back(alice, rail):
    rail.fails = lambda reference: True
    attempt = sent(alice)
    assert say(rail, attempt, code="2040") == "applied"
    assert (state(attempt), balance(alice), attempt.failure_code) == ("FAILED", HELD, "2040")
    with nothing_moves():
        assert say(rail, attempt) == "duplicate"
    assert_right()


@pytest.mark.parametrize("outcome", ["accepted", "pending"])
def test_what_is_no_news_changes_nothing(alice, rail, outcome):
    attempt = sent(alice)
    with nothing_moves():
        assert say(rail, attempt, outcome=outcome) == "no_news"
    assert state(attempt) == "SENT"


def test_a_timeout_is_no_failure(alice, rail):
    attempt = sent(alice)
    with nothing_moves():
        assert say(rail, attempt, outcome="unknown", receipt="") == "no_news"
    assert state(attempt) == "UNKNOWN"
    assert say(rail, attempt) == "applied"
    assert state(attempt) == "SUCCEEDED"


def test_a_failure_after_a_success_changes_nothing_and_is_an_incident(alice, rail):
    attempt = sent(alice)
    say(rail, attempt)
    with nothing_moves():
        assert say(rail, attempt, outcome="failed", receipt="") == "contradiction"


def test_a_payout_paid_after_its_return_is_in_suspense(alice, rail):
    attempt = sent(alice)
    assert say(rail, attempt, outcome="failed", receipt="") == "applied"
    assert balance(alice) == HELD
    assert say(rail, attempt) == "late_success"
    assert balance(alice) == HELD
    assert suspense_cents() == -300_00
    stray = Transaction.objects.get(type="STRAY_OUT")
    assert (stray.rail, stray.amount_cents, stray.status) == ("paya", 300_00, "SUCCESS")
    with nothing_moves():
        assert say(rail, attempt) == "duplicate"
        assert say(rail, attempt, receipt="R-other") == "duplicate"
    assert_right()


def test_a_deposit_that_arrives_after_it_failed_is_in_suspense(alice, rail):
    attempt = sent(alice, move=deposit)
    say(rail, attempt, outcome="failed", receipt="")
    assert say(rail, attempt) == "late_success"
    assert (suspense_cents(), balance(alice)) == (300_00, HELD)
    assert_right()


def test_a_deposit_of_another_amount_is_in_suspense_and_not_in_the_wallet(alice, rail):
    attempt = sent(alice, move=deposit)
    assert say(rail, attempt, cents=200_00) == "wrong_amount"
    assert (suspense_cents(), balance(alice)) == (200_00, HELD)
    assert (state(attempt), attempt.failure_code) == ("FAILED", "amount")
    with nothing_moves():
        assert say(rail, attempt, cents=200_00) == "duplicate"
        assert say(rail, attempt) == "duplicate"
    assert_right()


def test_a_payout_of_another_amount_is_for_people(alice, rail):
    attempt = sent(alice)
    with nothing_moves():
        assert say(rail, attempt, cents=200_00) == "wrong_amount"
    assert (state(attempt), attempt.next_look_at) == ("UNKNOWN", None)
    assert say(rail, attempt, cents=300_00) == "applied"


def test_another_amount_of_what_has_ended_changes_nothing(alice, rail):
    attempt = sent(alice)
    say(rail, attempt)
    with nothing_moves():
        assert say(rail, attempt, cents=200_00) == "wrong_amount"


def test_a_second_receipt_changes_nothing_and_is_an_incident(alice, rail):
    attempt = sent(alice)
    say(rail, attempt)
    with nothing_moves():
        assert say(rail, attempt, receipt="R-other") == "other_receipt"
    assert attempt.receipt is None
    attempt.refresh_from_db()
    assert attempt.receipt == f"R-{attempt.reference}"


def test_a_receipt_pays_one_payment(alice, rail):
    first, second = sent(alice, 10_00), sent(alice, 20_00)
    say(rail, first)
    with nothing_moves():
        assert say(rail, second, receipt=f"R-{first.reference}") == "receipt_taken"
    assert state(second) == "SENT"


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_what_calls_the_payment_by_another_id_is_asked_about(alice, rail, outcome):
    attempt = sent(alice)
    with nothing_moves():
        assert say(rail, attempt, rail_id="P-other", outcome=outcome) == "other_id"
    assert attempt.next_look_at > timezone.now()
    attempt.refresh_from_db()
    assert attempt.next_look_at <= timezone.now()
    worker.do_due()
    assert state(attempt) == "SUCCEEDED"


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_what_was_never_sent_can_not_have_ended(alice, rail, outcome):
    attempt = Attempt.objects.get(transaction=withdraw(alice, 300_00))
    with nothing_moves():
        assert say(rail, attempt, outcome=outcome, receipt="R1") == "never_sent"
    operations.cancel(Context(alice.pk), transaction_id=attempt.transaction_id)
    with nothing_moves():
        assert say(rail, attempt, outcome=outcome, receipt="R1") == "never_sent"


def test_a_success_counts_while_a_worker_believes_it_unsent(alice, rail):
    """The rail said "not now", and did it all the same."""
    script(rail, "busy")
    attempt = sent(alice)
    assert state(attempt) == "READY"
    body = rail.message(attempt.reference, outcome="succeeded", receipt="R1")
    assert hear(rail, body) == "applied"
    assert state(attempt) == "SUCCEEDED"
    assert worker.do_due() == 0
    assert_right()


def test_a_success_after_a_cancellation_is_in_suspense(alice, rail):
    script(rail, "busy")
    attempt = sent(alice)
    operations.cancel(Context(alice.pk), transaction_id=attempt.transaction_id)
    body = rail.message(attempt.reference, outcome="succeeded", receipt="R1")
    assert hear(rail, body) == "late_success"
    assert (suspense_cents(), balance(alice)) == (-300_00, HELD)
    assert_right()


def test_an_answer_that_the_rail_never_saw_it_sends_it_again(alice, rail):
    script(rail, "lost", "by callback")
    attempt = sent(alice)
    now_is(attempt, seconds=40)
    worker.do_due()
    said = {"outcome": "not_taken", "lookup_id": f"Q-{attempt.reference}"}
    assert hear(rail, json.dumps(said).encode()) == "applied"
    assert state(attempt) == "READY"
    Attempt.objects.update(next_look_at=timezone.now())
    worker.do_due()
    assert state(attempt) == "SENT"
    assert rail.lines() == {attempt.reference: 1}
    assert hear(rail, json.dumps(said).encode()) == "no_news"
    assert state(attempt) == "SENT"


def test_a_message_while_a_worker_is_in_its_call_counts_once(alice, rail):
    """The callback comes before the answer."""
    heard = []

    def call_back_first(reference: str) -> None:
        rail.carry_out(paya.Instruction(reference, 300_00))
        heard.append(hear(rail, rail.message(reference)))

    rail.on_the_way = call_back_first
    attempt = sent(alice)
    assert heard == ["applied"]
    assert (state(attempt), attempt.receipt) == ("SUCCEEDED", f"R-{attempt.reference}")
    assert rail.lines() == {attempt.reference: 1}
    assert_books_right()
