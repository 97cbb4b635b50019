"""What the gateway's immediate answers mean, error by error. Nothing unclear is ever an end."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import rails
from ledger.rails import Alarm, Answer, Outcome
from ledger.rails.mpesa import answers, results
from ledger.rails.mpesa.client import Reply
from ledger.rails.mpesa.results import Kind

pytestmark = pytest.mark.any_engine

ACCEPTED = {"ConversationID": "AG_1", "ResponseCode": "0", "ResponseDescription": "Accept"}


def said(status_code: int | None, body: object, *, was_sent: bool = True) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    reply = answers.read(Reply(status_code, raw, was_sent=was_sent))
    return answers.to_payment(reply, rail_id="ConversationID")


def error(status_code: int, code: str, message: str) -> Answer:
    body = {"requestId": "1c5b-4ba8", "errorCode": code, "errorMessage": message}
    return said(status_code, body)


@pytest.mark.parametrize("code", ["0", 0])
def test_accepted(code):
    assert said(200, ACCEPTED | {"ResponseCode": code}) == Answer(Outcome.ACCEPTED, rail_id="AG_1")


@pytest.mark.parametrize(
    ("status_code", "body"),
    [
        (200, ACCEPTED | {"ResponseCode": "1"}),
        (200, ACCEPTED | {"ResponseCode": None}),
        (200, ACCEPTED | {"ResponseCode": False}),
        (302, ACCEPTED),
        (500, ACCEPTED),
        (None, ACCEPTED),
        (200, {}),
        (200, [ACCEPTED]),
        (200, b""),
        (400, b""),
        (503, b"Service Unavailable"),
        (403, b"<html>The requested URL was rejected.</html>"),
    ],
)
def test_anything_short_of_that_is_unknown(status_code, body):
    assert said(status_code, body).outcome == Outcome.UNKNOWN


def test_another_response_code_is_looked_at():
    answer = said(200, ACCEPTED | {"ResponseCode": "1"})
    assert (answer.code, answer.words, answer.alarm) == ("1", "Accept", Alarm.LOOK)


STOP, LOOK, NONE = Alarm.STOP, Alarm.LOOK, Alarm.NONE


@pytest.mark.parametrize(
    ("status_code", "code", "message", "outcome", "alarm"),
    [
        (400, "400.002.02", "Bad Request - Invalid PartyB", Outcome.REJECTED, NONE),
        (400, "400.002.02", "Bad Request - Invalid PhoneNumber", Outcome.REJECTED, NONE),
        (400, "400.002.02", "Bad Request - Invalid BusinessShortCode", Outcome.REJECTED, STOP),
        (400, "400.002.02", "Bad Request - Invalid ResultURL", Outcome.REJECTED, STOP),
        (400, "400.002.05", "Invalid Request Payload", Outcome.REJECTED, STOP),
        (400, "400.003.02", "Bad Request", Outcome.REJECTED, STOP),
        (404, "404.001.03", "Invalid Access Token", Outcome.NOT_TAKEN, STOP),
        (401, "401.002.01", "Error Occurred - Invalid Access Token", Outcome.NOT_TAKEN, STOP),
        (404, "404.002.01", "Resource not found", Outcome.NOT_TAKEN, STOP),
        (404, "404.001.04", "Invalid Authentication Header", Outcome.NOT_TAKEN, STOP),
        (405, "405.001", "Method Not Allowed", Outcome.NOT_TAKEN, STOP),
        (500, "500.001.1001", "Merchant does not exist", Outcome.REJECTED, STOP),
        (500, "500.001.1001", "[MerchantValidate] - Wrong credentials", Outcome.REJECTED, STOP),
        (500, "500.001.1001", "Unable to lock subscriber, a ...", Outcome.REJECTED, NONE),
        (500, "500.001.1001", "something new", Outcome.UNKNOWN, NONE),
        (500, "500.002.1001", "Duplicate OriginatorConversationID.", Outcome.ACCEPTED, NONE),
        (500, "500.002.1001", "System internal error.", Outcome.UNKNOWN, NONE),
        (500, "500.002.1001", "Service is currently under maintenance", Outcome.UNKNOWN, NONE),
        (500, "500.003.1001", "Internal Server Error", Outcome.UNKNOWN, NONE),
        (500, "500.003.02", "Spike Arrest Violation", Outcome.NOT_TAKEN, NONE),
        (500, "500.003.03", "Quota Violation", Outcome.NOT_TAKEN, LOOK),
        (400, "400.999.99", "something new", Outcome.UNKNOWN, NONE),
    ],
)
def test_an_error_of_the_gateway(status_code, code, message, outcome, alarm):
    answer = error(status_code, code, message)
    assert (answer.outcome, answer.alarm) == (outcome, alarm)
    if outcome == Outcome.REJECTED:
        assert str(rails.of("mpesa").explain(answer.code, is_payout=False))


def test_what_was_never_sent_was_not_taken():
    answer = said(None, b"ConnectError: refused", was_sent=False)
    assert (answer.outcome, answer.words) == (Outcome.NOT_TAKEN, "ConnectError: refused")


@given(st.integers(100, 599) | st.none(), st.binary(max_size=300))
def test_no_answer_at_all_is_an_end_unless_it_can_be_read(status_code, raw):
    assert said(status_code, raw).outcome in (Outcome.UNKNOWN, Outcome.NOT_TAKEN)


def stk_query(status_code: int, body: dict[str, object]) -> Answer:
    reply = answers.read(Reply(status_code, json.dumps(body).encode()))
    return answers.to_stk_query(reply, "ws_CO_1")


QUERIED = {"ResponseCode": "0", "CheckoutRequestID": "ws_CO_1", "ResultDesc": "words"}


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"ResultCode": "0"}, Outcome.PENDING),
        ({"ResultCode": 1032}, Outcome.FAILED),
        ({"ResultCode": "1037"}, Outcome.FAILED),
        ({"ResultCode": "4999", "ResultDesc": "still under processing"}, Outcome.PENDING),
        ({"ResultCode": "1", "ResultDesc": "being processed"}, Outcome.PENDING),
        ({"ResultCode": "31337"}, Outcome.UNKNOWN),
        ({}, Outcome.UNKNOWN),
        ({"ResultCode": "1032", "ResponseCode": "1"}, Outcome.UNKNOWN),
    ],
)
def test_an_stk_query(changes, outcome):
    assert stk_query(200, QUERIED | changes).outcome == outcome


@pytest.mark.parametrize(
    ("message", "outcome"),
    [("The transaction is being processed", Outcome.PENDING), ("Wrong", Outcome.UNKNOWN)],
)
def test_an_open_prompt_is_an_error_with_a_message(message, outcome):
    body = {"errorCode": "500.001.1001", "errorMessage": message}
    assert stk_query(500, body).outcome == outcome


def test_a_code_means_one_thing_for_deposits_and_another_for_payouts():
    wrong_pin, wrong_password = (results.of("2001", kind) for kind in (Kind.DEPOSIT, Kind.PAYOUT))
    assert (wrong_pin.alarm, wrong_password.alarm) == (Alarm.NONE, Alarm.STOP)
    assert "PIN" in str(wrong_pin.words)
    assert "PIN" not in str(wrong_password.words)


@pytest.mark.parametrize("kind", Kind)
def test_every_known_code_has_words_for_the_member(kind):
    table = results.PAYOUTS if kind is Kind.PAYOUT else results.DEPOSITS
    for code in (*table, *results.REFUSALS, *results.STATUSES):
        assert str(results.explain(code, kind)).endswith(".")
    assert not str(results.explain("31337", kind))
