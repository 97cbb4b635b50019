"""What a rail says by itself is kept first, then applied once, and only as far as it fits."""

from __future__ import annotations

import json
import logging

import pytest
from django.test import Client

from ledger.models import Attempt, Pause, RailEvent
from ledger.payouts import callbacks, keeping, worker
from ledger.rails import Instruction
from tests.books import nothing_moves
from tests.factories import deposit, withdraw
from tests.ledger.support import paya
from tests.ledger.support.payouts import age, assert_right, hear, say, script, sent, state
from wallet.web.logs import JsonLine

pytestmark = pytest.mark.django_db

ADDRESS = f"/rails/{paya.SECRET}/paid/"


@pytest.fixture
def client() -> Client:
    return Client(enforce_csrf_checks=True)


def post(client: Client, body: bytes, address: str = ADDRESS, **more: object):
    return client.post(address, body, content_type="application/json", **more)


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


UNREADABLE = [
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
]


@pytest.mark.parametrize("content_type", ["application/json", "text/xml", ""])
def test_a_body_that_can_not_be_read_is_kept_and_breaks_nothing(
    rail, client, content_type, subtests
):
    for number, body in enumerate(UNREADABLE, start=1):
        with subtests.test(body=body[:20]), nothing_moves():
            answer = client.post(ADDRESS, body, content_type=content_type)
            assert answer.status_code == 200
            assert RailEvent.objects.count() == number
            assert RailEvent.objects.latest("pk").finding == "unreadable"


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


def test_one_that_a_clock_ahead_stored_does_not_wait_until_then(alice, rail):
    attempt = sent(alice)
    callbacks.store(rail, "paid", rail.message(attempt.reference))
    # The request that stored it may still be under way.
    assert callbacks.apply_waiting() == 0
    age(seconds=-3600)
    assert callbacks.apply_waiting() == 1
    assert state(attempt) == "SUCCEEDED"


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
    script(rail, "unnamed")
    first, second, third = (sent(alice, cents) for cents in (10_00, 20_00, 30_00))
    assert say(rail, first, rail_id="") == "applied"
    assert say(rail, second, reference="") == "applied"
    keeping.write_events([keeping.event_of(third, kind="lookup", rail_id="Q-1")])
    body = rail.message(third.reference, reference="", rail_id="", lookup_id="Q-1")
    assert hear(rail, body) == "applied"
    script(rail, "unnamed")
    fourth = sent(alice, 40_00)
    body = rail.message(fourth.reference, reference="", rail_id="")
    assert hear(rail, body, reference=fourth.reference) == "applied"


@pytest.mark.parametrize("outcome", ["succeeded", "failed", "not_taken"])
@pytest.mark.parametrize("forged", [{}, {"lookup_id": "Q-forged"}, {"alarm": "stop"}])
@pytest.mark.parametrize("move", [withdraw, deposit])
def test_one_without_an_id_that_only_the_rail_knows_moves_nothing(
    alice, rail, forged, outcome, move
):
    """Its writer knows the URL and our reference, as from the log of a proxy."""
    attempt = sent(alice, move=move)
    with nothing_moves():
        assert say(rail, attempt, outcome=outcome, rail_id="", **forged) == "no_news"
    assert state(attempt) == "SENT"
    assert not Pause.objects.exists()
    worker.do_due()
    # Unless it claimed to be an answer, the rail was asked, and said how it is.
    assert state(attempt) == ("SENT" if "lookup_id" in forged else "SUCCEEDED")


def test_a_failure_is_not_believed_while_the_rails_id_is_not_known(alice, rail):
    """Else a forged one would give back what was paid out."""
    script(rail, "unnamed")
    attempt = sent(alice)
    with nothing_moves():
        assert say(rail, attempt, outcome="unknown", receipt="", rail_id="P-forged") == "no_news"
        assert say(rail, attempt, outcome="failed", rail_id="P-forged") == "no_news"
    worker.do_due()
    assert state(attempt) == "SUCCEEDED"


def test_a_failure_that_comes_before_the_rails_answer_waits_for_it(alice, rail):
    rail.fails = lambda reference: True
    heard = []

    def call_back_first(reference: str) -> None:
        rail.carry_out(Instruction(reference, 300_00))
        heard.append(hear(rail, rail.message(reference)))

    rail.on_the_way = call_back_first
    attempt = sent(alice)
    assert (heard, state(attempt)) == ([None], "SENT")
    age(seconds=10)
    assert callbacks.apply_waiting() == 1
    assert state(attempt) == "FAILED"
    assert_right()


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
    assert hear(rail, json.dumps(said | {"outcome": "pending"}).encode()) == "refused"
