"""Faults: each does what its name says, and the same seed gives the same faults."""

from __future__ import annotations

import http.client
import json

import pytest

from tests.sandbox.support.daraja import PHONE

PAYOUTS = 60
B2C_FAULTS = [
    "drop_before",
    "unavailable",
    "drop_after",
    "error_after",
    "callback_first",
    "no_callback",
    "duplicate",
    "late",
    "reorder",
    "contradict",
    "timeout_echo",
    "timeout_result",
]


def codes(receiver, path="b2c"):
    return [body["Result"]["ResultCode"] for body in receiver.bodies(path)]


def attempt(daraja, request_id="NSP-1", **changes):
    """Send a payout. Returns the status, or 0 if the connection was dropped."""
    try:
        return daraja.b2c(request_id, **changes).status
    except (http.client.RemoteDisconnected, ConnectionResetError):
        return 0


@pytest.mark.parametrize(
    ("fault", "status", "beginning"),
    [
        ("drop_before", 0, None),
        ("unavailable", 503, b"Service Unavailable"),
        ("html", 502, b"<html>"),
        ("soap", 500, b'{"Envelope"'),
        ("empty", 400, b""),
        ("spike", 500, "Error Occurred: Spike Arrest Violation"),
        ("busy", 500, "System is busy. Please try again in few minutes."),
        ("quota", 500, "Error Occurred: Quota Violation"),
        ("maintenance", 500, "Service is currently under maintenance. Please try again later"),
        ("invalid_token", 404, "Invalid Access Token"),
    ],
)
def test_an_answer_fault_before_the_work_does_nothing(daraja, receiver, fault, status, beginning):
    daraja.scenario(id="NSP-1", faults=[fault])
    if beginning is None:
        assert attempt(daraja) == status
    else:
        reply = daraja.b2c()
        assert reply.status == status
        if isinstance(beginning, str):
            assert reply.json["errorMessage"] == beginning
        else:
            assert reply.raw.startswith(beginning)
    daraja.advance()
    assert daraja.control("payments") == receiver.raw == []
    assert attempt(daraja) == 200


@pytest.mark.parametrize(
    ("fault", "status"), [("drop_after", 0), ("error_after", 500), ("html_after", 200)]
)
def test_an_answer_fault_after_the_work_still_pays(daraja, receiver, fault, status):
    daraja.scenario(id="NSP-1", faults=[fault])
    assert attempt(daraja) == status
    daraja.advance()
    assert len(daraja.book()) == 1
    assert codes(receiver) == [0]
    assert daraja.b2c().error[2] == "Duplicate OriginatorConversationID."


def test_no_callback_pays_without_a_callback(daraja, receiver):
    daraja.scenario(id="NSP-1", faults=["no_callback"])
    daraja.b2c()
    daraja.advance(24 * 3600)
    assert len(daraja.book()) == 1
    assert receiver.raw == []


def test_a_duplicate_comes_three_times(daraja, receiver):
    daraja.scenario(id="NSP-1", faults=["duplicate"])
    daraja.b2c()
    daraja.advance()
    first, second, third = receiver.bodies("b2c")
    assert first == second == third
    assert len(daraja.book()) == 1


def test_late_is_an_hour_by_the_virtual_clock(daraja, receiver):
    daraja.scenario(id="NSP-1", faults=["late"])
    daraja.b2c()
    daraja.advance(3599)
    assert len(daraja.book()) == 1
    assert receiver.raw == []
    daraja.advance(1)
    assert codes(receiver) == [0]


def test_a_contradiction_follows_the_truth_or_comes_before_it(daraja, receiver):
    daraja.scenario(id="NSP-1", faults=["contradict"])
    daraja.scenario(id="NSP-2", faults=["contradict_first"])
    for request_id in ("NSP-1", "NSP-2"):
        daraja.b2c(request_id)
        daraja.advance(10)
    assert codes(receiver) == [0, 2040, 2040, 0]
    assert len(daraja.book()) == 2


def test_a_failure_can_be_contradicted_too(daraja, receiver):
    daraja.scenario(id="NSP-1", faults=["contradict"], result="2040")
    daraja.b2c()
    daraja.advance(10)
    assert codes(receiver) == [2040, 0]
    assert daraja.book() == []


def test_a_reordered_callback_lets_the_next_one_go_first(daraja, receiver):
    daraja.scenario(id="NSP-1", faults=["reorder"])
    daraja.b2c("NSP-1")
    daraja.advance()
    assert receiver.raw == []
    daraja.b2c("NSP-2")
    daraja.advance()
    ids = [body["Result"]["OriginatorConversationID"] for body in receiver.bodies("b2c")]
    assert ids == ["NSP-2", "NSP-1"]


def test_a_reordered_callback_does_not_wait_forever(daraja, receiver):
    daraja.scenario(id="NSP-1", faults=["reorder"])
    daraja.b2c()
    daraja.advance(30)
    assert codes(receiver) == [0]


def test_a_callback_can_come_before_the_answer(daraja, receiver):
    daraja.control("phones", {"action": "pin"})
    daraja.scenario(id="NSP-1", faults=["callback_first"])
    daraja.scenario(phone=PHONE, api="stk", faults=["callback_first"])
    daraja.b2c()
    assert codes(receiver) == [0]
    daraja.stk()
    assert len(receiver.bodies("stk")) == 1


def test_a_wrong_amount_is_only_in_the_callback(daraja, receiver):
    daraja.register()
    daraja.control("phones", {"action": "pin"})
    daraja.scenario(phone=PHONE, api="stk", faults=["wrong_amount"])
    daraja.scenario(phone=PHONE, api="c2b", faults=["wrong_amount"])
    daraja.stk(Amount="100")
    daraja.advance()
    items = receiver.only("stk")["Body"]["stkCallback"]["CallbackMetadata"]["Item"]
    assert items[0]["Value"] == 101
    assert receiver.only("confirmation")["TransAmount"] == "101.00"
    assert [paid["amount"] for paid in daraja.book()] == [100]


def test_a_forged_callback_has_unknown_ids(daraja, receiver):
    daraja.scenario(id="NSP-1", faults=["forged"])
    sent = daraja.b2c().json
    daraja.advance()
    forged, true = (body["Result"] for body in receiver.bodies("b2c"))
    assert true["ConversationID"] == sent["ConversationID"]
    assert forged["ConversationID"] != sent["ConversationID"]
    assert forged["OriginatorConversationID"] != "NSP-1"


def test_codes_can_be_text(daraja, receiver):
    daraja.scenario(id="NSP-1", faults=["string_codes"])
    daraja.scenario(phone=PHONE, api="stk", faults=["string_codes"], result="1032")
    daraja.b2c()
    daraja.stk()
    daraja.advance()
    assert receiver.only("b2c")["Result"]["ResultCode"] == "0"
    assert receiver.only("stk")["Body"]["stkCallback"]["ResultCode"] == "1032"


def test_a_scenario_applies_as_often_as_it_says(daraja, receiver):
    daraja.scenario(phone=PHONE, result="2040", times=2)
    daraja.scenario(phone="254712000002", result="8", times=0)
    for number in range(3):
        daraja.b2c(f"NSP-{number}")
        daraja.b2c(f"NSP-other-{number}", PartyB="254712000002")
        daraja.advance()
    assert sorted(codes(receiver)) == [0, 8, 8, 8, 2040, 2040]
    daraja.control("scenario", method="DELETE")
    daraja.b2c("NSP-last", PartyB="254712000002")
    daraja.advance()
    assert codes(receiver)[-1] == 0


def test_a_scenario_for_an_id_beats_one_for_a_phone_number(daraja, receiver):
    daraja.scenario(phone=PHONE, result="8")
    daraja.scenario(id="NSP-1", result="2040")
    daraja.b2c("NSP-1")
    daraja.advance()
    assert codes(receiver) == [2040]


def test_a_query_does_not_use_up_a_scenario_of_the_payment(daraja, receiver):
    daraja.scenario(phone=PHONE, result="1")
    checkout_id = daraja.stk(PhoneNumber="254712000009").json["CheckoutRequestID"]
    daraja.stk_query(checkout_id)
    daraja.stk()
    daraja.advance()
    assert receiver.only("stk")["Body"]["stkCallback"]["ResultCode"] == 1


def run(daraja, receiver):
    """Send many payouts with random faults. Returns their statuses, then all callbacks."""
    statuses = [attempt(daraja, f"NSP-{number}", Amount="10") for number in range(PAYOUTS)]
    daraja.advance(2 * 3600)
    said = sorted(
        (body["Result"]["OriginatorConversationID"], body["Result"]["ResultCode"])
        for body in receiver.bodies("b2c")
    )
    return statuses, said


@pytest.mark.parametrize("fault", B2C_FAULTS)
def test_a_rate_of_one_gives_every_payout_a_fault(daraja, fault):
    daraja.control("faults", {"rate": 1, "kinds": [fault], "apis": ["b2c"]})
    attempt(daraja)
    daraja.advance(2 * 3600)
    daraja.control("faults", {"rate": 0})
    assert len(daraja.book()) == (0 if fault in ("drop_before", "unavailable") else 1)


def test_the_same_seed_gives_the_same_faults(start, receiver):
    outcomes = []
    for seed in (7, 7, 8):
        receiver.raw.clear()
        daraja = start()
        daraja.control("faults", {"seed": seed, "rate": 0.4, "apis": ["b2c"]})
        outcomes.append(run(daraja, receiver))
    assert outcomes[0] == outcomes[1] != outcomes[2]
    assert {0, 200, 503} <= set(outcomes[0][0])


def test_no_fault_pays_an_id_twice(daraja, receiver):
    daraja.control("faults", {"seed": 3, "rate": 0.5})
    for _ in range(3):
        run(daraja, receiver)
    references = [paid["reference"] for paid in daraja.book()]
    assert len(references) == len(set(references)) == PAYOUTS
    said = {body["Result"]["OriginatorConversationID"] for body in receiver.bodies("b2c")}
    assert said <= set(references)


@pytest.mark.parametrize(
    "body",
    [
        {"rate": 2},
        {"rate": "x"},
        {"kinds": ["nothing"]},
        {"kinds": 5},
        {"apis": ["nothing"]},
        {"spike_per_s": "x"},
        {"speed": 1},
        [],
    ],
)
def test_a_wrong_control_explains_the_mistake(daraja, body):
    reply = daraja.send("POST", "/_sim/faults", json.dumps(body).encode())
    assert reply.status == 400
    assert reply.json["error"]
