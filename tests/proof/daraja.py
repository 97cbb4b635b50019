"""Callbacks as Daraja writes them, from the documents: for what the simulator doesn't send."""

from __future__ import annotations

import json
from typing import Any

UNREGISTERED = 2040


def b2c_result(payment: dict[str, Any], **changes: Any) -> bytes:
    """The result of a payout. `payment` is what the simulator says of it; `code` may be changed,
    and so may any of its fields."""
    it = payment | changes
    code = it.get("code") or 0
    result = {
        "ResultType": 0,
        "ResultCode": int(code),
        "ResultDesc": "The service request is processed successfully.",
        "OriginatorConversationID": it["request_id"],
        "ConversationID": it["conversation_id"],
        "TransactionID": it["receipt"],
    }
    if not int(code):
        rows = {
            "TransactionAmount": it["amount"],
            "TransactionReceipt": it["receipt"],
            "ReceiverPartyPublicName": f"{it['phone']} - Jane Member",
            "TransactionCompletedDateTime": "06.07.2026 22:48:52",
        }
        listed = [{"Key": key, "Value": value} for key, value in rows.items()]
        result["ResultParameters"] = {"ResultParameter": listed}
    return json.dumps({"Result": result}).encode()


def stk_result(payment: dict[str, Any], **changes: Any) -> bytes:
    """The result of a prompt, like `b2c_result`."""
    it = payment | changes
    code = it.get("code") or 0
    said = {
        "MerchantRequestID": it["request_id"],
        "CheckoutRequestID": it["conversation_id"],
        "ResultCode": int(code),
        "ResultDesc": "The service request is processed successfully.",
    }
    if not int(code):
        rows = {"Amount": it["amount"], "MpesaReceiptNumber": it["receipt"]}
        rows |= {"TransactionDate": 20260706224852, "PhoneNumber": int(it["phone"])}
        listed = [{"Name": name, "Value": value} for name, value in rows.items()]
        said["CallbackMetadata"] = {"Item": listed}
    return json.dumps({"Body": {"stkCallback": said}}).encode()
