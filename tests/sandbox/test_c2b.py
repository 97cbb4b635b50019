"""C2B: registration, validation by the merchant, and confirmation."""

from __future__ import annotations

import hashlib
import re

import pytest

from tests.sandbox.support.daraja import PHONE, SHORTCODE

SIMULATE = "/mpesa/c2b/v2/simulate"
SLOW_S = 0.3


def simulate(daraja, **changes):
    body = {
        "ShortCode": SHORTCODE,
        "CommandID": "CustomerPayBillOnline",
        "Amount": 5,
        "Msisdn": PHONE,
        "BillRefNumber": "ns 482913",
    }
    reply = daraja.post(SIMULATE, body | changes)
    daraja.advance()
    return reply


def test_a_shortcode_registers_once(daraja):
    reply = daraja.register()
    assert reply.status == 200
    assert reply.json == {
        "OriginatorCoversationID": reply.json["OriginatorCoversationID"],
        "ResponseCode": "0",
        "ResponseDescription": "success",
    }
    assert daraja.register().error == (500, "500.003.1001", "Urls are already registered.")
    daraja.control("organisation", {"forget_urls": True})
    assert daraja.register().status == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ShortCode", ""),
        ("ResponseType", "completed"),
        ("ConfirmationURL", ""),
        ("ConfirmationURL", "http://127.0.0.1/Mpesa"),
        ("ValidationURL", "ftp://127.0.0.1/"),
    ],
)
def test_a_bad_field_is_400_002_02(daraja, field, value):
    expected = (400, "400.002.02", f"Bad Request - Invalid {field}")
    assert daraja.register(**{field: value}).error == expected


def test_an_unknown_shortcode_has_no_merchant(daraja):
    assert daraja.register(ShortCode="123456").error[2] == "Merchant does not exist"


def test_validation_and_confirmation_are_exactly_as_documented(daraja, receiver):
    daraja.register()
    reply = simulate(daraja)
    assert reply.json == {
        "OriginatorCoversationID": reply.json["OriginatorCoversationID"],
        "ResponseCode": "0",
        "ResponseDescription": "Accept the service request successfully.",
    }
    (paid,) = daraja.book()
    confirmation = receiver.only("confirmation")
    assert confirmation == {
        "TransactionType": "Pay Bill",
        "TransID": paid["receipt"],
        "TransTime": "20261001120000",
        "TransAmount": "5.00",
        "BusinessShortCode": SHORTCODE,
        "BillRefNumber": "ns 482913",
        "InvoiceNumber": "",
        "OrgAccountBalance": "5000005.00",
        "ThirdPartyTransID": "",
        "MSISDN": "2547 ***** 001",
        "FirstName": confirmation["FirstName"],
        "MiddleName": "",
        "LastName": "",
    }
    assert receiver.only("validation") == confirmation | {"OrgAccountBalance": ""}
    assert [path for path, _ in receiver.raw] == ["validation", "confirmation"]


def test_version_1_hashes_the_phone_number(daraja, receiver):
    daraja.register("v1")
    simulate(daraja)
    expected = hashlib.sha256(PHONE.encode()).hexdigest()
    assert receiver.only("confirmation")["MSISDN"] == expected


def test_a_refusal_takes_no_money(daraja, receiver):
    daraja.register()
    receiver.answers["validation"] = [(200, {"ResultCode": "C2B00012", "ResultDesc": "Rejected"})]
    simulate(daraja)
    assert daraja.book() == receiver.bodies("confirmation") == []
    assert daraja.control("payments")[0]["code"] == "C2B00012"


def test_the_merchants_own_id_comes_back(daraja, receiver):
    daraja.register()
    answer = {"ResultCode": 0, "ResultDesc": "Accepted", "ThirdPartyTransID": "1234567890"}
    receiver.answers["validation"] = [(200, answer)]
    simulate(daraja)
    assert receiver.only("confirmation")["ThirdPartyTransID"] == "1234567890"


@pytest.mark.parametrize(("default", "payments"), [("Completed", 1), ("Cancelled", 0)])
@pytest.mark.parametrize("answer", [(500, {"ResultCode": 0}), (200, b"<html>"), (200, [])])
def test_without_a_valid_answer_the_default_applies(daraja, receiver, default, payments, answer):
    daraja.register(ResponseType=default)
    receiver.answers["validation"] = [answer]
    simulate(daraja)
    assert len(daraja.book()) == payments


@pytest.mark.parametrize(("default", "payments"), [("Completed", 1), ("Cancelled", 0)])
def test_after_the_deadline_the_default_applies(daraja, receiver, default, payments):
    daraja.control("organisation", {"validation_timeout_s": SLOW_S / 3})
    daraja.register(ResponseType=default)
    receiver.delay_s["validation"] = SLOW_S
    receiver.answers["validation"] = [(200, {"ResultCode": "C2B00012" if payments else "0"})]
    simulate(daraja)
    assert len(daraja.book()) == payments


def test_without_urls_the_money_still_arrives(daraja, receiver):
    receipt = daraja.pay_bill(250)
    assert [paid["receipt"] for paid in daraja.book()] == [receipt]
    assert re.fullmatch(r"[A-Z0-9]{10}", receipt)
    assert receiver.raw == []


def test_the_confirmation_is_sent_up_to_three_times(daraja, receiver):
    daraja.register()
    receiver.answers["confirmation"] = [(500, {}), (503, {}), (404, {})]
    daraja.pay_bill()
    daraja.advance(60)
    assert len(receiver.bodies("confirmation")) == 3
    assert len(daraja.book()) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("CommandID", "x"), ("Amount", "1.5"), ("Msisdn", "07"), ("BillRefNumber", "")],
)
def test_simulate_checks_its_fields(daraja, field, value):
    reply = simulate(daraja, **{field: value})
    assert reply.error == (400, "400.002.02", f"Bad Request - Invalid {field}")
    assert daraja.book() == []


def test_a_till_has_no_account_number(daraja, receiver):
    daraja.register()
    simulate(daraja, CommandID="CustomerBuyGoodsOnline", BillRefNumber=None)
    confirmation = receiver.only("confirmation")
    assert (confirmation["TransactionType"], confirmation["BillRefNumber"]) == ("Buy Goods", "")
