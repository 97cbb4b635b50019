"""STK push: refusals, what a phone can do, and the documented callback."""

from __future__ import annotations

import re

import pytest

from tests.sandbox.support.daraja import PHONE, SHORTCODE

BUSY = "Unable to lock subscriber, a transaction is already in process for the current subscriber"


def test_a_push_is_accepted_with_both_ids(daraja):
    reply = daraja.stk()
    assert reply.status == 200
    words = "Success. Request accepted for processing"
    assert reply.json | {"MerchantRequestID": "", "CheckoutRequestID": ""} == {
        "MerchantRequestID": "",
        "CheckoutRequestID": "",
        "ResponseCode": "0",
        "ResponseDescription": words,
        "CustomerMessage": words,
    }
    assert re.fullmatch(r"\d+-\d+-1", reply.json["MerchantRequestID"])
    assert re.fullmatch(r"ws_CO_01102026120000\d{3}712000001", reply.json["CheckoutRequestID"])


def test_fields_may_be_numbers_or_text(daraja):
    reply = daraja.stk(
        BusinessShortCode=int(SHORTCODE), PartyB=int(SHORTCODE), Amount=5, PhoneNumber=int(PHONE)
    )
    assert reply.status == 200


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"BusinessShortCode": "123456"}, "Merchant does not exist"),
        ({"Password": "d3Jvbmc="}, "[MerchantValidate] - Wrong credentials"),
        ({"Timestamp": "20261001120001"}, "[MerchantValidate] - Wrong credentials"),
        ({"Timestamp": ""}, "[MerchantValidate] - Wrong credentials"),
        # The merchant is checked first, whatever else is wrong.
        ({"BusinessShortCode": "123456", "Amount": "x"}, "Merchant does not exist"),
    ],
)
def test_a_wrong_merchant_is_500_001_1001(daraja, changes, message):
    assert daraja.stk(**changes).error == (500, "500.001.1001", message)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("BusinessShortCode", ""),
        ("BusinessShortCode", "12"),
        ("TransactionType", "CustomerPayBill"),
        ("Amount", "10.50"),
        ("Amount", "0"),
        ("Amount", "-1"),
        ("Amount", True),
        ("Amount", 10.5),
        ("PhoneNumber", "0712000001"),
        ("PhoneNumber", "254212000001"),
        ("PartyA", "+254712000001"),
        ("PartyB", ""),
        ("CallBackURL", "not a url"),
        ("CallBackURL", "http://127.0.0.1/MPESA/stk"),
        ("CallBackURL", "http://127.0.0.1/sQl"),
        ("AccountReference", "NS-4829130123"),
        ("AccountReference", "NS&1"),
        ("AccountReference", ""),
        ("TransactionDesc", "fourteen chars"),
        ("TransactionDesc", "a@b"),
    ],
)
def test_a_bad_field_is_400_002_02(daraja, field, value):
    reply = daraja.stk(**{field: value})
    assert reply.error == (400, "400.002.02", f"Bad Request - Invalid {field}")
    assert daraja.control("payments") == []


def test_a_description_is_optional(daraja):
    assert daraja.stk(TransactionDesc="").status == 200


def test_a_pin_pays_with_the_documented_callback(daraja, receiver):
    accepted = daraja.stk().json
    daraja.advance(7)
    daraja.act("pin")
    (paid,) = daraja.book()
    assert receiver.only("stk") == {
        "Body": {
            "stkCallback": {
                "MerchantRequestID": accepted["MerchantRequestID"],
                "CheckoutRequestID": accepted["CheckoutRequestID"],
                "ResultCode": 0,
                "ResultDesc": "The service request is processed successfully.",
                "CallbackMetadata": {
                    "Item": [
                        {"Name": "Amount", "Value": 100.0},
                        {"Name": "MpesaReceiptNumber", "Value": paid["receipt"]},
                        {"Name": "Balance"},
                        {"Name": "TransactionDate", "Value": 20261001120007},
                        {"Name": "PhoneNumber", "Value": int(PHONE)},
                    ]
                },
            }
        }
    }
    assert b'"Value": 100.00}' in receiver.raw[0][1]
    assert paid == {
        "kind": "stk",
        "reference": "NS482913",
        "receipt": paid["receipt"],
        "phone": PHONE,
        "amount": 100,
        "charge": 0,
        "request_id": accepted["MerchantRequestID"],
        "conversation_id": accepted["CheckoutRequestID"],
        "at": "2026-10-01T12:00:07+03:00",
    }
    assert re.fullmatch(r"UJ1[A-Z0-9]{7}", paid["receipt"])


@pytest.mark.parametrize(
    ("action", "code", "words"),
    [
        ("cancel", 1032, "Request cancelled by user"),
        ("wrong_pin", 2001, "The initiator information is invalid."),
    ],
)
def test_a_failure_has_no_metadata(daraja, receiver, action, code, words):
    accepted = daraja.stk().json
    daraja.act(action)
    assert receiver.only("stk") == {
        "Body": {
            "stkCallback": {
                "MerchantRequestID": accepted["MerchantRequestID"],
                "CheckoutRequestID": accepted["CheckoutRequestID"],
                "ResultCode": code,
                "ResultDesc": words,
            }
        }
    }
    assert daraja.book() == []


@pytest.mark.parametrize("action", ["ignore", "ask"])
def test_an_unanswered_prompt_ends_after_a_minute(daraja, receiver, action):
    daraja.stk()
    daraja.act(action)
    daraja.advance(59)
    assert receiver.bodies("stk") == []
    daraja.advance(1)
    assert receiver.only("stk")["Body"]["stkCallback"]["ResultCode"] == 1037


def test_a_pin_after_the_end_changes_nothing(daraja, receiver):
    daraja.stk()
    daraja.advance(60)
    daraja.act("pin")
    assert daraja.book() == []
    assert len(receiver.bodies("stk")) == 1


def test_an_action_before_the_prompt_applies_to_it(daraja, receiver):
    daraja.act("cancel")
    daraja.stk()
    daraja.advance()
    assert receiver.only("stk")["Body"]["stkCallback"]["ResultCode"] == 1032


def test_every_phone_can_be_set_to_pay(daraja):
    daraja.control("phones", {"action": "pin"})
    for last in range(3):
        daraja.stk(PhoneNumber=f"25471200000{last}")
    daraja.advance()
    assert len(daraja.book()) == 3


def test_a_phone_with_an_open_prompt_takes_no_other(daraja):
    daraja.stk()
    assert daraja.stk(Amount="200").error == (500, "500.001.1001", BUSY)
    daraja.act("cancel")
    assert daraja.stk(Amount="200").status == 200


def test_the_same_amount_within_two_minutes_is_rule_limited(daraja, receiver):
    for _ in range(2):
        daraja.stk()
        daraja.act("pin")
    daraja.advance(120)
    daraja.stk()
    daraja.act("pin")
    codes = [body["Body"]["stkCallback"]["ResultCode"] for body in receiver.bodies("stk")]
    assert codes == [0, 17, 0]
    assert len(daraja.book()) == 2


def test_a_cancelled_prompt_may_be_sent_again_immediately(daraja):
    for action in ("cancel", "pin"):
        daraja.stk()
        daraja.act(action)
    assert len(daraja.book()) == 1


@pytest.mark.parametrize(("amount", "code"), [("250000", 0), ("250001", 3)])
def test_the_limit_is_250_000(daraja, receiver, amount, code):
    daraja.stk(Amount=amount)
    daraja.act("pin")
    assert receiver.only("stk")["Body"]["stkCallback"]["ResultCode"] == code


def test_a_phone_pays_at_most_500_000_a_day(daraja, receiver):
    for amount in ("250000", "249999", "2", "1"):
        daraja.stk(Amount=amount)
        daraja.act("pin")
    codes = [body["Body"]["stkCallback"]["ResultCode"] for body in receiver.bodies("stk")]
    assert codes == [0, 0, 4, 0]


@pytest.mark.parametrize(
    "changes", [{"TransactionType": "CustomerBuyGoodsOnline"}, {"PartyB": "5551234"}]
)
def test_a_till_is_not_a_paybill(daraja, receiver, changes):
    daraja.stk(**changes)
    daraja.advance()
    inner = receiver.only("stk")["Body"]["stkCallback"]
    assert (inner["ResultCode"], inner["ResultDesc"]) == (
        "SFC_IC0003",
        "The operator does not exist.",
    )


@pytest.mark.parametrize("result", ["1", "1019", "1025", "8006", "SFC_IC0003"])
def test_a_scenario_sets_the_result(daraja, receiver, result):
    daraja.scenario(phone=PHONE, result=result)
    daraja.stk()
    daraja.advance()
    assert str(receiver.only("stk")["Body"]["stkCallback"]["ResultCode"]) == result
    assert daraja.book() == []


def test_query_says_pending_then_the_result_as_text(daraja):
    checkout_id = daraja.stk().json["CheckoutRequestID"]
    reply = daraja.stk_query(checkout_id)
    assert reply.status == 500
    assert reply.json == {
        "requestId": checkout_id,
        "errorCode": "500.001.1001",
        "errorMessage": "The transaction is being processed",
    }
    daraja.act("pin")
    (paid,) = daraja.book()
    reply = daraja.stk_query(checkout_id)
    assert reply.status == 200
    assert reply.json == {
        "ResponseCode": "0",
        "ResponseDescription": "The service request has been accepted successfully",
        "MerchantRequestID": paid["request_id"],
        "CheckoutRequestID": checkout_id,
        "ResultCode": "0",
        "ResultDesc": "The service request is processed successfully.",
    }


def test_query_can_contradict_the_truth(daraja):
    checkout_id = daraja.stk().json["CheckoutRequestID"]
    daraja.act("pin")
    daraja.scenario(id=checkout_id, faults=["query_wrong"])
    assert daraja.stk_query(checkout_id).json["ResultCode"] == "1032"
    daraja.scenario(phone=PHONE, faults=["query_pending"])
    assert daraja.stk_query(checkout_id).status == 500
    assert daraja.stk_query(checkout_id).json["ResultCode"] == "0"


def test_query_for_an_unknown_id_is_a_bad_request(daraja):
    expected = (400, "400.002.02", "Bad Request - Invalid CheckoutRequestID")
    assert daraja.stk_query("ws_CO_unknown").error == expected
    merchant_id = daraja.stk().json["MerchantRequestID"]
    assert daraja.stk_query(merchant_id).error == expected


def test_an_stk_payment_is_also_a_c2b_confirmation(daraja, receiver):
    daraja.register()
    daraja.stk()
    daraja.act("pin")
    stk = receiver.only("stk")["Body"]["stkCallback"]["CallbackMetadata"]["Item"]
    confirmation = receiver.only("confirmation")
    assert confirmation["TransID"] == stk[1]["Value"]
    assert confirmation["BillRefNumber"] == "NS482913"
    assert receiver.bodies("validation") == []
