"""Result codes, with the words Safaricom documents for them."""

from __future__ import annotations

SUCCESS = "0"
INSUFFICIENT = "1"
BELOW_MINIMUM = "2"
ABOVE_MAXIMUM = "3"
DAILY_LIMIT = "4"
SAME_AGAIN = "17"
EXPIRED = "1019"
CANCELLED = "1032"
UNREACHABLE = "1037"
BAD_INITIATOR = "2001"
NOT_PERMITTED = "2028"
UNKNOWN_RECEIPT = "2032"
UNREGISTERED = "2040"
LOCKED = "8006"
UNKNOWN_OPERATOR = "SFC_IC0003"
ALREADY_REVERSED = "R000001"
INVALID_ORIGINAL = "R000002"
REJECTED_BY_ORGANISATION = "C2B00016"

DONE = "The service request is processed successfully."

WORDS = {
    SUCCESS: DONE,
    INSUFFICIENT: "The balance is insufficient for the transaction.",
    BELOW_MINIMUM: "Declined due to limit rule",
    ABOVE_MAXIMUM: "Declined due to limit rule: greater than the maximum transaction amount.",
    DAILY_LIMIT: "Declined due to limit rule: would exceed daily transfer limit.",
    "8": "Declined due to limit rule: would exceed the maximum balance.",
    "11": "The DebitParty is in an invalid state.",
    "15": "Duplicate Detected",
    SAME_AGAIN: "Rule limited.",
    "21": "The initiator is not allowed to initiate this request",
    "26": "Traffic blocking condition in place",
    EXPIRED: "Transaction has expired.",
    "1025": "An error occurred while sending a push request.",
    CANCELLED: "Request cancelled by user",
    UNREACHABLE: "DS timeout user cannot be reached.",
    BAD_INITIATOR: "The initiator information is invalid.",
    "2006": "Declined due to account rule: The account status does not allow this transaction.",
    NOT_PERMITTED: "The request is not permitted according to product assignment.",
    UNKNOWN_RECEIPT: "The transaction receipt number does not exist.",
    UNREGISTERED: (
        "Credit Party customer type (Unregistered or Registered Customer) "
        "can't be supported by the service."
    ),
    LOCKED: "The security credential is locked.",
    UNKNOWN_OPERATOR: "The operator does not exist.",
    ALREADY_REVERSED: "The transaction has already been reversed.",
    INVALID_ORIGINAL: "The OriginalTransactionID is invalid.",
    REJECTED_BY_ORGANISATION: "Rejected",
}


def words(code: str) -> str:
    return WORDS.get(code, "Internal Failure")
