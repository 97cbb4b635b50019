"""Account balance, reversal and pull transactions."""

from __future__ import annotations

import pytest

from tests.sandbox.support.daraja import PHONE, SHORTCODE, parameters

PULL = "/pulltransactions/v1"


def test_balance_is_exactly_as_documented(daraja, receiver):
    daraja.control("organisation", {"working": 700_000})
    daraja.b2c()
    daraja.advance()
    reply = daraja.balance()
    daraja.advance()
    inner = receiver.only("balance")["Result"]
    assert (inner["ResultType"], inner["ResultCode"]) == ("0", "0")
    assert inner["ResultDesc"] == "The service request is processed successfully"
    assert inner["ConversationID"] == reply.json["ConversationID"]
    assert parameters(receiver.only("balance")) == {
        "AccountBalance": "Working Account|KES|700000.00|700000.00|0.00|0.00"
        "&Float Account|KES|0.00|0.00|0.00|0.00"
        "&Utility Account|KES|4998795.00|4998795.00|0.00|0.00"
        "&Charges Paid Account|KES|0.00|0.00|0.00|0.00"
        "&Organization Settlement Account|KES|0.00|0.00|0.00|0.00",
        "BOCompletedTime": "20261001120000",
    }


@pytest.mark.parametrize(
    ("changes", "code"), [({"PartyA": "123456"}, "2028"), ({"Initiator": "other"}, "2001")]
)
def test_balance_refuses_by_callback(daraja, receiver, changes, code):
    assert daraja.balance(**changes).status == 200
    daraja.advance()
    inner = receiver.only("balance")["Result"]
    assert inner["ResultCode"] == code
    assert "ResultParameters" not in inner


def test_reversal_is_exactly_as_documented(daraja, receiver):
    original = daraja.pay_bill(100)
    reply = daraja.reversal(original)
    assert reply.json["ResponseCode"] == "0"
    daraja.advance()
    inner, found = receiver.only("reversal")["Result"], parameters(receiver.only("reversal"))
    assert inner["ResultCode"] == 0
    assert inner["TransactionID"] == daraja.book()[-1]["receipt"] != original
    assert found == {
        "DebitAccountBalance": "Utility Account|KES|5000000.00|5000000.00|0.00|0.00",
        "Amount": 100.0,
        "TransCompletedTime": 20261001120000,
        "OriginalTransactionID": original,
        "Charge": 0.0,
        "CreditPartyPublicName": found["CreditPartyPublicName"],
        "DebitPartyPublicName": f"{SHORTCODE} - NISSMART",
    }
    assert found["CreditPartyPublicName"].startswith(PHONE)


def test_a_payment_is_reversed_once(daraja, receiver):
    original = daraja.pay_bill(100)
    for _ in range(2):
        daraja.reversal(original)
        daraja.advance()
    codes = [body["Result"]["ResultCode"] for body in receiver.bodies("reversal")]
    assert codes == [0, "R000001"]
    assert [paid["kind"] for paid in daraja.book()] == ["c2b", "reversal"]


def test_an_unknown_original_is_r000002(daraja, receiver):
    daraja.reversal("PDU91HIVIT")
    daraja.advance()
    inner = receiver.only("reversal")["Result"]
    assert (inner["ResultCode"], inner["ResultDesc"]) == (
        "R000002",
        "The OriginalTransactionID is invalid.",
    )
    assert inner["TransactionID"].endswith("0000000")
    assert "ResultParameters" not in inner


def test_a_payout_and_another_amount_cannot_be_reversed(daraja, receiver):
    original = daraja.pay_bill(100)
    daraja.b2c(Amount="100")
    daraja.advance()
    daraja.reversal(daraja.book()[-1]["receipt"])
    daraja.reversal(original, Amount="99")
    daraja.advance()
    codes = [body["Result"]["ResultCode"] for body in receiver.bodies("reversal")]
    assert codes == ["R000002", "R000002"]


def test_a_reversal_needs_the_money(daraja, receiver):
    original = daraja.pay_bill(100)
    daraja.control("organisation", {"utility": 99})
    daraja.reversal(original)
    daraja.advance()
    assert receiver.only("reversal")["Result"]["ResultCode"] == 1


def test_the_misspelt_field_is_required(daraja):
    reply = daraja.reversal("PDU91HIVIT", RecieverIdentifierType="", ReceiverIdentifierType="11")
    assert reply.error == (400, "400.002.02", "Bad Request - Invalid RecieverIdentifierType")


def pull(daraja, **changes):
    body = {
        "ShortCode": SHORTCODE,
        "StartDate": "2026-09-30 8:36:00",
        "EndDate": "2026-10-02 10:10:000",
        "OffSetValue": "0",
    }
    return daraja.post(f"{PULL}/query", body | changes, method="GET")


def register_pull(daraja):
    body = {
        "ShortCode": SHORTCODE,
        "RequestType": "Pull",
        "NominatedNumber": PHONE,
        "CallBackURL": daraja.receiver.url("pull"),
    }
    return daraja.post(f"{PULL}/register", body)


def test_pull_registers_once(daraja):
    first, second = register_pull(daraja).json, register_pull(daraja).json
    assert (first["ResponseStatus"], second["ResponseStatus"]) == ("1000", "1001")
    assert first["ShortCode"] == SHORTCODE


def test_pull_lists_customers_payments(daraja):
    assert pull(daraja).status == 500
    register_pull(daraja)
    assert pull(daraja).json["ResponseCode"] == "1001"
    assert pull(daraja).json["Response"] == [[]]
    receipt = daraja.pay_bill(233)
    daraja.b2c()
    daraja.advance()
    reply = pull(daraja).json
    assert reply["ResponseCode"] == "1000"
    assert reply["Response"] == [
        [
            {
                "transactionId": receipt,
                "trxDate": "2026-10-01T09:00:00Z",
                "msisdn": 712000001,
                "transactiontype": "c2b-pay-bill-debit",
                "billreference": "NS482913",
                "amount": 233.0,
                "organizationname": "NISSMART",
            }
        ]
    ]
    assert pull(daraja, OffSetValue="1").json["Response"] == [[]]


def test_pull_keeps_48_hours(daraja):
    register_pull(daraja)
    daraja.pay_bill()
    daraja.advance(48 * 3600)
    assert len(pull(daraja, EndDate="2026-10-09 00:00").json["Response"][0]) == 1
    daraja.advance(1)
    assert pull(daraja, EndDate="2026-10-09 00:00").json["Response"] == [[]]


def test_pull_refuses_another_shortcode_and_a_bad_date(daraja):
    register_pull(daraja)
    assert pull(daraja, ShortCode="1").error == (400, "400.001", "Invalid ShortCode")
    assert pull(daraja, StartDate="yesterday").error[2] == "Bad Request - Invalid StartDate"
