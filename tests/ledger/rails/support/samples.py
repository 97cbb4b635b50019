"""Callbacks as Safaricom's portal prints them, with the odd ones that integrators have met."""

from __future__ import annotations

from typing import Any

QUEUE = {
    "ReferenceItem": {
        "Key": "QueueTimeoutURL",
        "Value": "https://internalsandbox.safaricom.co.ke/mpesa/b2cresults/v1/submit",
    }
}
STK_ITEMS: list[dict[str, Any]] = [
    {"Name": "Amount", "Value": 1.00},
    {"Name": "MpesaReceiptNumber", "Value": "NLJ7RT61SV"},
    {"Name": "Balance"},
    {"Name": "TransactionDate", "Value": 20191219102115},
    {"Name": "PhoneNumber", "Value": 254708374149},
]
B2C_ITEMS: list[dict[str, Any]] = [
    {"Key": "TransactionAmount", "Value": 10},
    {"Key": "TransactionReceipt", "Value": "SG632NMUAB"},
    {"Key": "ReceiverPartyPublicName", "Value": "254705912645 - NICHOLAS JOHN SONGOK"},
    {"Key": "TransactionCompletedDateTime", "Value": "06.07.2024 22:48:52"},
    {"Key": "B2CUtilityAccountAvailableFunds", "Value": 8959269.60},
    {"Key": "B2CChargesPaidAccountAvailableFunds", "Value": -1980.00},
]
STATUS_ITEMS: list[dict[str, Any]] = [
    {"Key": "DebitPartyName", "Value": "600310 - Safaricom333"},
    {"Key": "DebitPartyName", "Value": "254708374149 - John Doe"},
    {"Key": "OriginatorConversationID", "Value": "NSP-7K2Q9PXM"},
    {"Key": "TransactionReason"},
    {"Key": "TransactionStatus", "Value": "Completed"},
    {"Key": "FinalisedTime", "Value": "20180223054112"},
    {"Key": "Amount", "Value": "300"},
    {"Key": "ConversationID", "Value": "AG_20180223_000041b09c22e613d6c9"},
    {"Key": "ReceiptNo", "Value": "MBN31H462N"},
]
BALANCE = (
    "Working Account|KES|700000.00|700000.00|0.00|0.00&Float Account|KES|0.00|0.00|0.00|0.00&"
    "Utility Account|KES|228037.00|228037.00|0.00|0.00&"
    "Charges Paid Account|KES|-1540.00|-1540.00|0.00|0.00"
)


def stk(**changes: Any) -> dict[str, Any]:
    said = {
        "MerchantRequestID": "29115-34620561-1",
        "CheckoutRequestID": "ws_CO_191220191020363925",
        "ResultCode": 0,
        "ResultDesc": "The service request is processed successfully.",
        "CallbackMetadata": {"Item": STK_ITEMS},
    }
    return {"Body": {"stkCallback": merged(said, changes)}}


def result(items: object = None, **changes: Any) -> dict[str, Any]:
    said = {
        "ResultType": 0,
        "ResultCode": 0,
        "ResultDesc": "The service request is processed successfully.",
        "OriginatorConversationID": "NSP-7K2Q9PXM",
        "ConversationID": "AG_20240706_2010364430d9bbdaf872",
        "TransactionID": "SG632NMUAB",
        "ResultParameters": {"ResultParameter": items},
        "ReferenceData": QUEUE,
    }
    return {"Result": merged(said, changes)}


def c2b(**changes: Any) -> dict[str, Any]:
    said = {
        "TransactionType": "Pay Bill",
        "TransID": "RKL51ZDR4F",
        "TransTime": "20231121121325",
        "TransAmount": "5.00",
        "BusinessShortCode": "600966",
        "BillRefNumber": "Sample Transaction",
        "InvoiceNumber": "",
        "OrgAccountBalance": "25.00",
        "ThirdPartyTransID": "",
        "MSISDN": "2547 ***** 126",
        "FirstName": "NICHOLAS",
        "MiddleName": "",
        "LastName": "",
    }
    return merged(said, changes)


def merged(said: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """With these fields changed, and without those that are None."""
    return {name: value for name, value in (said | changes).items() if value is not None}


GENUINE: dict[str, dict[str, Any]] = {
    "stk": stk(),
    "b2c-result": result(B2C_ITEMS),
    "b2c-timeout": result(),
    "status-result": result(STATUS_ITEMS, OriginatorConversationID="3213-416199-2"),
    "status-timeout": result(),
    "balance-result": result([{"Key": "AccountBalance", "Value": BALANCE}]),
    "balance-timeout": result(),
    "c2b-confirmation": c2b(),
    "c2b-validation": c2b(OrgAccountBalance=""),
}
