"""What is kept of a body: no secret, no phone number, and all that it is read for."""

from __future__ import annotations

import json

import pytest

from ledger.rails.mpesa.redaction import LONGEST_KEPT, redact

pytestmark = pytest.mark.any_engine


def kept(body: object) -> dict[str, object]:
    found: dict[str, object] = json.loads(redact(json.dumps(body).encode()))
    return found


@pytest.mark.parametrize(
    "name", ["SecurityCredential", "Password", "access_token", "securitycredential", "Passkey"]
)
def test_a_secret_is_hidden_at_any_depth(name):
    assert kept({name: "s3cret", "a": [{"b": {name: ["s3cret"]}}, {name: {"c": 1}}]}) == {
        name: "[hidden]",
        "a": [{"b": {name: "[hidden]"}}, {name: "[hidden]"}],
    }


@pytest.mark.parametrize("url", ["https://a.example/rails/{}/stk/?reference=NSP-1", "/rails/{}"])
def test_the_secret_of_our_address_is_hidden(url):
    secret = "k9-Callback_Path-4471"
    body = {"CallBackURL": url.format(secret), "Items": [{"ResultID": url.format(secret)}]}
    hidden = url.format("[hidden]")
    assert kept(body) == {"CallBackURL": hidden, "Items": [{"ResultID": hidden}]}
    assert secret not in redact(f"<p>{url.format(secret)}</p>".encode())
    escaped = url.format(secret).replace("/", "\\/")
    assert secret not in redact(f'<p>"{escaped}"'.encode())


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        ("254712345678", "254712***678"),
        (254712345678, "254712***678"),
        ("+254112345678", "+254112***678"),
        ("0712345678", "0712***678"),
        ("254705912645 - NICHOLAS", "254705***645 - NICHOLAS"),
        ("2547 ***** 126", "2547 ***** 126"),
        (20191219102115, 20191219102115),
        ("254212345678", "254212345678"),
    ],
)
def test_a_phone_number_is_masked(written, masked):
    assert kept({"Value": written}) == {"Value": masked}
    assert kept({"PhoneNumber": written})["PhoneNumber"] == masked


@pytest.mark.parametrize(
    "name",
    ["CheckoutRequestID", "OriginatorConversationID", "ReceiptNo", "MpesaReceiptNumber", "TransID"],
)
def test_an_id_stays_whole(name):
    body = {name: "254712345678", "Item": [{"Key": name, "Value": "254712345678"}]}
    assert kept(body) == body


def test_a_phone_number_typed_as_an_account_number_is_masked():
    assert kept({"BillRefNumber": "0712345678"}) == {"BillRefNumber": "0712***678"}


def test_amounts_keep_their_cents():
    assert redact(b'{"Amount": 8959269.60}') == '{"Amount": "8959269.60"}'


def test_what_is_no_json_is_cut_and_cleaned():
    raw = b'<p>SecurityCredential: "abcdefghij=" 254712345678 \0\xff' + b"x" * 3_000_000
    text = redact(raw)
    assert len(text) < LONGEST_KEPT + 100
    assert "abcdef" not in text
    assert "345678" not in text
    assert "\0" not in text
    text.encode()


@pytest.mark.parametrize("raw", [b"", b'{"a": "\\ud800 \\u0000"}', b'"\\ud800"'])
def test_what_a_database_cannot_store_is_replaced(raw):
    text = redact(raw)
    text.encode()
    assert "\0" not in text
