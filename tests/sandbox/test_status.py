"""Transaction status: the query's ids in the envelope, the payment's ids and result inside."""

from __future__ import annotations

import pytest

from tests.sandbox.support.daraja import PHONE, SHORTCODE, parameters


def query(daraja, receiver, **target):
    """Make a status query. Returns its result."""
    before = len(receiver.bodies("status"))
    assert daraja.status(**target).status == 200
    daraja.advance()
    return receiver.bodies("status")[before]


def test_a_paid_payout_is_exactly_as_documented(daraja, receiver):
    sent = daraja.b2c("NSP-1").json
    daraja.advance(3)
    (paid,) = daraja.book()
    reply = daraja.status(OriginalConversationID="NSP-1")
    daraja.advance()
    body = receiver.only("status")
    inner, found = body["Result"], parameters(body)
    assert inner["OriginatorConversationID"] == reply.json["OriginatorConversationID"] != "NSP-1"
    assert inner["ConversationID"] == reply.json["ConversationID"] != sent["ConversationID"]
    assert (inner["ResultType"], inner["ResultCode"]) == (0, 0)
    assert inner["TransactionID"] != paid["receipt"]
    assert inner["ReferenceData"] == {"ReferenceItem": {"Key": "Occasion"}}
    assert found == {
        "DebitPartyName": f"{SHORTCODE} - NISSMART",
        "CreditPartyName": found["CreditPartyName"],
        "OriginatorConversationID": "NSP-1",
        "InitiatedTime": "20261001120000",
        "DebitAccountType": "Utility Account",
        "DebitPartyCharges": "Fee For B2C Payment|KES|5.00",
        "TransactionReason": None,
        "ReasonType": "Business Payment to Customer via API",
        "TransactionStatus": "Completed",
        "FinalisedTime": "20261001120000",
        "Amount": "1200",
        "ConversationID": sent["ConversationID"],
        "ReceiptNo": paid["receipt"],
    }
    assert found["CreditPartyName"].startswith(f"{PHONE} - ")


def test_a_payment_is_found_by_receipt_too(daraja, receiver):
    receipt = daraja.pay_bill(75)
    found = parameters(query(daraja, receiver, TransactionID=receipt))
    assert (found["ReceiptNo"], found["Amount"]) == (receipt, "75")
    assert found["DebitPartyName"].startswith(PHONE)
    assert found["ReasonType"] == "Pay Bill Online"


def test_a_waiting_payment_is_not_final(daraja, receiver):
    daraja.scenario(id="NSP-1", delay_s=600)
    daraja.b2c("NSP-1")
    found = parameters(query(daraja, receiver, OriginalConversationID="NSP-1"))
    assert found["TransactionStatus"] == "Authorized"
    assert "FinalisedTime" not in found
    daraja.advance(600)
    found = parameters(query(daraja, receiver, OriginalConversationID="NSP-1"))
    assert found["TransactionStatus"] == "Completed"


@pytest.mark.parametrize(
    ("result", "state"), [("2040", "Declined"), ("1032", "Cancelled"), ("1019", "Expired")]
)
def test_a_failed_payment_has_its_state(daraja, receiver, result, state):
    daraja.scenario(id="NSP-1", result=result)
    daraja.b2c("NSP-1")
    daraja.advance()
    found = parameters(query(daraja, receiver, OriginalConversationID="NSP-1"))
    assert found["TransactionStatus"] == state


def test_an_unknown_payment_is_2032(daraja, receiver):
    inner = query(daraja, receiver, OriginalConversationID="NSP-never")["Result"]
    assert inner["ResultCode"] == 2032
    assert inner["ResultDesc"] == "The transaction receipt number does not exist."
    assert "ResultParameters" not in inner


def test_a_wrong_initiator_is_2001(daraja, receiver):
    inner = query(daraja, receiver, TransactionID="UJ10000000", Initiator="other")["Result"]
    assert inner["ResultCode"] == 2001


def test_a_query_tells_the_truth_about_a_contradicted_payout(daraja, receiver):
    daraja.scenario(id="NSP-1", faults=["contradict"])
    daraja.b2c("NSP-1")
    daraja.advance(10)
    assert [body["Result"]["ResultCode"] for body in receiver.bodies("b2c")] == [0, 2040]
    found = parameters(query(daraja, receiver, OriginalConversationID="NSP-1"))
    assert found["TransactionStatus"] == "Completed"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Initiator", ""),
        ("SecurityCredential", ""),
        ("CommandID", "x"),
        ("TransactionID", ""),
        ("PartyA", ""),
        ("IdentifierType", "9"),
        ("ResultURL", ""),
        ("QueueTimeOutURL", ""),
    ],
)
def test_a_bad_field_is_400_002_02(daraja, field, value):
    reply = daraja.status(**{"TransactionID": "UJ10000000"} | {field: value})
    assert reply.error == (400, "400.002.02", f"Bad Request - Invalid {field}")


def test_a_status_query_can_time_out(daraja, receiver):
    daraja.pay_bill()
    daraja.scenario(api="status", faults=["timeout_echo"])
    daraja.status(TransactionID="UJ10000000")
    daraja.advance()
    assert receiver.only("status-timeout")["TransactionID"] == "UJ10000000"
