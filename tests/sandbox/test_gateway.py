"""The gateway's errors, before an API looks at a request."""

from __future__ import annotations

import json

import pytest

STK = "/mpesa/stkpush/v1/processrequest"
B2C = "/mpesa/b2c/v3/paymentrequest"
STATUS = "/mpesa/transactionstatus/v1/query"
BALANCE = "/mpesa/accountbalance/v1/query"
REGISTER = "/mpesa/c2b/v2/registerurl"
REVERSAL = "/mpesa/reversal/v1/request"
PULL = "/pulltransactions/v1/register"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (STK, (404, "404.001.03", "Invalid Access Token")),
        (B2C, (404, "404.001.03", "Invalid Access Token")),
        (REVERSAL, (404, "404.001.03", "Invalid Access Token")),
        (STATUS, (400, "400.003.01", "Invalid Access Token")),
        (REGISTER, (400, "400.003.01", "Invalid Access Token")),
        (BALANCE, (401, "401.002.01", "Error Occurred - Invalid Access Token - stale")),
        (PULL, (401, "401.001", "Invalid Access Token")),
    ],
)
def test_a_stale_token_has_the_error_of_its_api(daraja, path, expected):
    daraja.token = "stale"
    reply = daraja.post(path, {})
    assert reply.error == expected
    assert set(reply.json) == {"requestId", "errorCode", "errorMessage"}


def test_a_missing_token_is_an_invalid_header(daraja):
    reply = daraja.send("POST", STK, b"{}", {"Content-Type": "application/json"})
    assert reply.error == (404, "404.001.04", "Invalid Authentication Header")


@pytest.mark.parametrize("path", [STK, B2C, BALANCE, REVERSAL])
def test_get_is_405_on_most_apis(daraja, path):
    assert daraja.send("GET", path).error == (405, "405.001", "GET Method Not Allowed")


@pytest.mark.parametrize("path", [STATUS, REGISTER])
def test_get_is_an_invalid_header_on_the_others(daraja, path):
    assert daraja.send("GET", path).error == (404, "404.001.04", "Invalid Authentication Header")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/mpesa/stkpush/v9/processrequest", "404.001.01"),
        ("/mpesa/accountbalance/v9/query", "404.002.01"),
        ("/mpesa/transactionstatus/v9/query", "404.003.01"),
        ("/elsewhere", "404.001.01"),
    ],
)
def test_an_unknown_url_is_resource_not_found(daraja, path, code):
    assert daraja.post(path, {}).error == (404, code, "Resource not found")


@pytest.mark.parametrize(
    ("path", "field"), [(STK, "BusinessShortCode"), (B2C, "InitiatorName"), (STATUS, "Initiator")]
)
def test_another_content_type_makes_the_first_field_invalid(daraja, path, field):
    daraja.authorise()
    headers = {"Authorization": f"Bearer {daraja.token}", "Content-Type": "text/plain"}
    reply = daraja.send("POST", path, json.dumps(daraja.stk_body()).encode(), headers)
    assert reply.error == (400, "400.002.02", f"Bad Request - Invalid {field}")


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"[" * 100_000])
def test_a_body_that_is_not_a_json_object_is_an_invalid_payload(daraja, raw):
    daraja.authorise()
    headers = {"Authorization": f"Bearer {daraja.token}", "Content-Type": "application/json"}
    reply = daraja.send("POST", STK, raw, headers)
    assert reply.error == (400, "400.002.05", "Invalid Request Payload")


def test_a_body_above_a_megabyte_is_refused(daraja):
    assert daraja.post(STK, {"BusinessShortCode": "1" * 1_000_001}).status == 413


def test_spike_arrest_counts_requests_in_a_second(daraja):
    daraja.control("faults", {"spike_per_s": 3})
    statuses = [daraja.stk_query("x").error for _ in range(5)]
    spike = (500, "500.003.02", "Error Occurred: Spike Arrest Violation")
    assert [error == spike for error in statuses] == [False, False, False, True, True]
    daraja.advance(1)
    assert daraja.stk_query("x").error != spike
