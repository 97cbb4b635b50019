"""OAuth as documented: Basic, client_credentials, one hour, only the newest token is valid."""

from __future__ import annotations

import base64

import pytest

from tests.sandbox.support.daraja import Daraja

PATH = "/oauth/v1/generate?grant_type=client_credentials"


def basic(pair: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


@pytest.fixture
def good(daraja: Daraja) -> dict[str, str]:
    settings = daraja.settings
    return basic(f"{settings['MPESA_CONSUMER_KEY']}:{settings['MPESA_CONSUMER_SECRET']}")


def test_the_answer_has_a_token_and_its_lifetime(daraja, good):
    reply = daraja.send("GET", PATH, headers=good)
    assert reply.status == 200
    assert set(reply.json) == {"access_token", "expires_in"}
    assert reply.json["expires_in"] == 3599
    assert len(reply.json["access_token"]) == 28


def test_the_lifetime_can_be_text(daraja, good):
    daraja.control("faults", {"string_expiry": True})
    assert daraja.send("GET", PATH, headers=good).json["expires_in"] == "3599"


def test_another_authentication_type_is_400_008_01(daraja):
    reply = daraja.send("GET", PATH, headers={"Authorization": "Bearer x"})
    assert reply.error == (400, "400.008.01", "Invalid authentication type passed")


def test_another_grant_type_is_400_008_02(daraja, good):
    reply = daraja.send("GET", "/oauth/v1/generate?grant_type=password", headers=good)
    assert reply.error == (400, "400.008.02", "Invalid grant type passed")


def test_a_wrong_secret_is_400_with_an_empty_body(daraja):
    reply = daraja.send("GET", PATH, headers=basic("sandbox-consumer-key:wrong"))
    assert (reply.status, reply.raw) == (400, b"")


def test_a_new_token_invalidates_the_previous_one(daraja):
    first = daraja.authorise()
    second = daraja.authorise()
    assert first != second
    assert daraja.stk().status == 200
    daraja.token = first
    assert daraja.stk().error == (404, "404.001.03", "Invalid Access Token")


def test_a_token_ends_after_an_hour(daraja):
    daraja.authorise()
    daraja.advance(3599)
    assert daraja.stk_query("x").status == 400
    daraja.advance(1)
    assert daraja.stk_query("x").error == (404, "404.001.03", "Invalid Access Token")
