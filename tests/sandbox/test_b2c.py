"""B2C: one payment for each OriginatorConversationID, and each documented result."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from nissmart.sandbox.merchant import Merchant
from tests.sandbox.support.daraja import PHONE, SHORTCODE, parameters

DUPLICATE = (500, "500.002.1001", "Duplicate OriginatorConversationID.")


def result(receiver):
    return receiver.only("b2c")["Result"]


def test_a_payout_is_accepted_with_our_id_and_m_pesas(daraja):
    reply = daraja.b2c("NSP-7K2Q")
    assert reply.status == 200
    conversation_id = reply.json["ConversationID"]
    assert re.fullmatch(r"AG_20261001_[0-9a-f]{20}", conversation_id)
    assert reply.json == {
        "ConversationID": conversation_id,
        "OriginatorConversationID": "NSP-7K2Q",
        "ResponseCode": "0",
        "ResponseDescription": "Accept the service request successfully.",
    }


def test_the_result_is_exactly_as_documented(daraja, receiver):
    conversation_id = daraja.b2c("NSP-7K2Q").json["ConversationID"]
    daraja.advance()
    (paid,) = daraja.book()
    assert (paid["kind"], paid["reference"], paid["amount"]) == ("b2c", "NSP-7K2Q", 1200)
    receipt = paid["receipt"]
    body = receiver.only("b2c")
    (name,) = re.findall(r" - ([A-Z ]+)$", parameters(body)["ReceiverPartyPublicName"])
    assert body == {
        "Result": {
            "ResultType": 0,
            "ResultCode": 0,
            "ResultDesc": "The service request is processed successfully.",
            "OriginatorConversationID": "NSP-7K2Q",
            "ConversationID": conversation_id,
            "TransactionID": receipt,
            "ResultParameters": {
                "ResultParameter": [
                    {"Key": "TransactionAmount", "Value": 1200},
                    {"Key": "TransactionReceipt", "Value": receipt},
                    {"Key": "ReceiverPartyPublicName", "Value": f"{PHONE} - {name}"},
                    {"Key": "TransactionCompletedDateTime", "Value": "01.10.2026 12:00:00"},
                    {"Key": "B2CUtilityAccountAvailableFunds", "Value": 4998795.0},
                    {"Key": "B2CWorkingAccountAvailableFunds", "Value": 0.0},
                    {"Key": "B2CRecipientIsRegisteredCustomer", "Value": "Y"},
                    {"Key": "B2CChargesPaidAccountAvailableFunds", "Value": 0.0},
                ]
            },
            "ReferenceData": {
                "ReferenceItem": {
                    "Key": "QueueTimeoutURL",
                    "Value": "https://internalsandbox.safaricom.co.ke/mpesa/b2cresults/v1/submit",
                }
            },
        }
    }
    assert b'"Value": 4998795.00}' in receiver.raw[0][1]


def test_the_same_id_again_is_a_duplicate(daraja, receiver):
    assert daraja.b2c().status == 200
    assert daraja.b2c().error == DUPLICATE
    daraja.advance()
    assert daraja.b2c(Amount="50").error == DUPLICATE
    daraja.advance(3600)
    assert len(daraja.book()) == len(receiver.bodies("b2c")) == 1


def test_the_same_id_from_many_threads_is_paid_once(daraja):
    body = daraja.b2c_body("NSP-1")
    path = "/mpesa/b2c/v3/paymentrequest"
    daraja.authorise()
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: daraja.post(path, body), range(24)))
    daraja.advance()
    assert sorted(reply.status for reply in replies) == [200] + [500] * 23
    assert len(daraja.book()) == 1


def test_a_failed_id_is_used_up_too(daraja, receiver):
    daraja.scenario(id="NSP-1", result="2040")
    daraja.b2c()
    daraja.advance()
    assert daraja.b2c().error == DUPLICATE
    assert result(receiver)["ResultCode"] == 2040


def test_a_rejected_request_leaves_its_id_free(daraja):
    assert daraja.b2c(Amount="x").status == 400
    assert daraja.b2c().status == 200


def test_version_1_takes_no_id_and_pays_twice(daraja):
    body = daraja.b2c_body("")
    del body["OriginatorConversationID"]
    body["Occasion"] = body.pop("Occassion")
    replies = [daraja.post("/mpesa/b2c/v1/paymentrequest", body) for _ in range(2)]
    daraja.advance()
    assert len({reply.json["OriginatorConversationID"] for reply in replies}) == 2
    assert len(daraja.book()) == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("OriginatorConversationID", ""),
        ("InitiatorName", ""),
        ("SecurityCredential", ""),
        ("CommandID", "Payment"),
        ("Amount", "10.00"),
        ("Amount", 0),
        ("PartyA", "x"),
        ("PartyB", "+254712000001"),
        ("Remarks", "x"),
        ("Remarks", "x" * 101),
        ("Remarks", "a & b"),
        ("Occassion", "#1"),
        ("ResultURL", ""),
        ("QueueTimeOutURL", "http://127.0.0.1/safaricom"),
    ],
)
def test_a_bad_field_is_400_002_02(daraja, field, value):
    expected = (400, "400.002.02", f"Bad Request - Invalid {field}")
    assert daraja.b2c(**{field: value}).error == expected
    assert daraja.control("payments") == []


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"Amount": "9"}, 2, "Declined due to limit rule"),
        (
            {"Amount": "250001"},
            3,
            "Declined due to limit rule: greater than the maximum transaction amount.",
        ),
        (
            {"PartyA": "600111"},
            2028,
            "The request is not permitted according to product assignment.",
        ),
        ({"PartyB": "254212000001"}, "SFC_IC0003", "The operator does not exist."),
        ({"InitiatorName": "other"}, 2001, "The initiator information is invalid."),
        (
            {"SecurityCredential": "bm90IGVuY3J5cHRlZA=="},
            2001,
            "The initiator information is invalid.",
        ),
        ({"SecurityCredential": "no base64!"}, 2001, "The initiator information is invalid."),
    ],
)
def test_refusals_by_m_pesa_come_by_callback(daraja, receiver, changes, code, words):
    assert daraja.b2c(**changes).status == 200
    daraja.advance()
    inner = result(receiver)
    assert (inner["ResultCode"], inner["ResultDesc"]) == (code, words)
    assert "ResultParameters" not in inner
    assert re.fullmatch(r"[A-Z0-9]{10}", inner["TransactionID"])
    assert daraja.book() == []


def test_three_wrong_passwords_lock_the_initiator(daraja, receiver):
    for number in range(3):
        daraja.b2c(f"NSP-{number}", SecurityCredential=daraja.encrypt("wrong"))
        daraja.advance()
    daraja.b2c("NSP-right")
    daraja.advance()
    codes = [body["Result"]["ResultCode"] for body in receiver.bodies("b2c")]
    assert codes == [2001, 2001, 2001, 8006]
    daraja.control("organisation", {"unlock": True})
    daraja.b2c("NSP-unlocked")
    daraja.advance()
    assert [paid["reference"] for paid in daraja.book()] == ["NSP-unlocked"]


def test_a_right_password_resets_the_count(daraja):
    wrong = daraja.encrypt("wrong")
    for number, credential in enumerate([wrong, wrong, daraja.credential(), wrong, wrong]):
        daraja.b2c(f"NSP-{number}", SecurityCredential=credential)
        daraja.advance()
    daraja.b2c("NSP-last", Amount="20")
    daraja.advance()
    assert daraja.book()[-1]["reference"] == "NSP-last"


@pytest.mark.parametrize(
    ("amount", "charge"),
    [(100, 0), (101, 5), (1_500, 5), (1_501, 9), (5_001, 11), (20_001, 13), (250_000, 13)],
)
def test_the_utility_account_pays_the_amount_and_the_charge(daraja, amount, charge):
    daraja.b2c(Amount=str(amount))
    daraja.advance()
    assert daraja.book()[0]["charge"] == charge
    held = daraja.control("organisation", {})
    assert held == {"utility": 5_000_000 - amount - charge, "working": 0, "charges": 0}


def test_charges_can_have_a_separate_account(start):
    daraja = start(merchant=Merchant(charges_from="Charges Paid Account"))
    daraja.b2c()
    daraja.advance()
    held = daraja.control("organisation", {})
    assert held == {"utility": 4_998_800, "working": 0, "charges": -5}


def test_an_empty_float_is_result_1(daraja, receiver):
    daraja.control("organisation", {"utility": 1204})
    daraja.b2c()
    daraja.advance()
    assert result(receiver)["ResultCode"] == 1
    daraja.control("organisation", {"utility": 1205})
    daraja.b2c("NSP-2")
    daraja.advance()
    assert daraja.control("organisation", {})["utility"] == 0


def test_a_customer_receives_at_most_500_000_a_day(daraja, receiver):
    for number, amount in enumerate(["250000", "250000", "10"]):
        daraja.b2c(f"NSP-{number}", Amount=amount)
        daraja.advance()
    daraja.advance(12 * 3600)
    daraja.b2c("NSP-tomorrow", Amount="10")
    daraja.advance()
    assert [body["Result"]["ResultCode"] for body in receiver.bodies("b2c")] == [0, 0, 4, 0]


@pytest.mark.parametrize("fault", ["timeout_echo", "timeout_result"])
def test_a_queue_timeout_is_followed_by_the_result(daraja, receiver, fault):
    daraja.scenario(id="NSP-1", faults=[fault])
    sent = daraja.b2c_body("NSP-1")
    daraja.post("/mpesa/b2c/v3/paymentrequest", sent)
    daraja.advance()
    timeout = receiver.only("b2c-timeout")
    assert receiver.bodies("b2c") == daraja.book() == []
    if fault == "timeout_echo":
        assert timeout == sent
    else:
        assert timeout["Result"]["OriginatorConversationID"] == "NSP-1"
        assert timeout["Result"]["ResultCode"] != 0
    daraja.advance(60)
    assert result(receiver)["ResultCode"] == 0
    assert len(daraja.book()) == 1


def test_a_payout_can_have_another_shortcode(start):
    daraja = start(merchant=Merchant(b2c_shortcode="600111"))
    daraja.b2c("NSP-1", PartyA="600111")
    daraja.b2c("NSP-2", PartyA=SHORTCODE)
    daraja.advance()
    assert [paid["reference"] for paid in daraja.book()] == ["NSP-1"]
