"""The API described for people and tools: an example of every answer, and its headers."""

from __future__ import annotations

from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

AT = "2026-03-02T09:15:04.512Z"

USER = {
    "id": 1042,
    "name": "Jane Wambui",
    "email": "jane@example.com",
    "phone": "+254712345678",
    "created_at": "2026-01-17T07:30:00.120Z",
    "account": {"id": 1042, "currency": "KES", "balance_cents": 379_50},
}
TRANSACTION = {
    "id": 90211,
    "reference": "NS-7K2Q9PXM",
    "type": "TRANSFER",
    "rail": "",
    "status": "SUCCESS",
    "amount_cents": 120_50,
    "currency": "KES",
    "from_account_id": 1042,
    "to_account_id": 1043,
    "from_user_id": 1042,
    "to_user_id": 1043,
    "description": "Rent share",
    "created_at": AT,
    "settled_at": AT,
}
ORDER = {"user_id": 1042, "amount_cents": 500_00, "description": "Lunch on Friday"}

# By the name of the schema.
BODIES: dict[str, Any] = {
    "UserIn": {"name": "Jane Wambui", "email": "jane@example.com", "phone": "0712 345 678"},
    "UserOut": USER,
    "UserPage": {"items": [USER], "next_cursor": None},
    "DepositIn": ORDER,
    "WithdrawIn": ORDER,
    "TransferIn": {
        "from_user_id": 1042,
        "to_user_id": 1043,
        "amount_cents": 120_50,
        "description": "Rent share",
    },
    "TransactionOut": TRANSACTION,
    "TransactionPage": {"items": [TRANSACTION], "next_cursor": None},
    "BalanceOut": {
        "user_id": 1042,
        "account_id": 1042,
        "currency": "KES",
        "balance_cents": 379_50,
        "pending_out_cents": 0,
        "as_of": AT,
    },
    "SummaryOut": {
        "total_users": 2048,
        "total_value_cents": 9_120_400_00,
        "deposits": {"count": 5120, "amount_cents": 12_400_000_00},
        "transfers": {"count": 20480, "amount_cents": 8_000_500_00},
        "withdrawals": {"count": 1024, "amount_cents": 3_279_600_00},
        "pending": {"count": 0, "amount_cents": 0},
        "currency": "KES",
        "as_of": AT,
    },
}

# By status: the words as they are answered (a test compares them).
PROBLEMS: dict[int, dict[str, Any]] = {
    400: {
        "detail": "Some fields are not right.",
        "code": "invalid_request",
        "errors": [{"field": "limit", "message": "Input should be less than or equal to 100"}],
    },
    401: {
        "detail": "Send a live token as Authorization: Bearer <token>.",
        "code": "not_authenticated",
    },
    403: {"detail": "This token may not do that.", "code": "forbidden"},
    404: {"detail": "There is no such thing here.", "code": "not_found"},
    413: {"detail": "Send at most 64 KiB.", "code": "body_too_large"},
    415: {
        "detail": "Send the body as Content-Type: application/json.",
        "code": "unsupported_media_type",
    },
    422: {
        "detail": "This was sent before as another order, NS-7K2Q9PXM. Nothing more has moved. "
        "Check it, then send a new one if you still want it.",
        "code": "idempotency_key_reused",
    },
    429: {"detail": "Too many requests.", "code": "rate_limited"},
    500: {"detail": "Something went wrong on our side.", "code": "internal_error"},
    503: {
        "detail": "Nissmart is busy right now. Nothing has moved. Try again in a moment.",
        "code": "busy",
    },
}
REFUSAL = {
    "detail": "You have KES\u00a0100.00 available. Enter that or less.",
    "code": "insufficient_balance",
}
# Of an order whose COMMIT was not answered; for the first it was sent with a key.
UNKNOWN = [
    {
        "detail": "This may have been carried out. Send it again with the same key: it won't be "
        "carried out twice.",
        "code": "outcome_unknown",
    },
    {
        "detail": "This may have been carried out. Look at the transactions before you send it "
        "again.",
        "code": "outcome_unknown",
    },
]

RETRY_AFTER = {"Retry-After": ("integer", "Seconds to wait before the next try.")}
HEADERS = {
    401: {"WWW-Authenticate": ("string", "Bearer")},
    429: RETRY_AFTER,
    503: RETRY_AFTER,
}
REQUEST_ID = {"X-Request-ID": ("string", "Yours if you sent one; our logs carry it.")}
REPLAYED: dict[str, Any] = {
    "description": "`true` when this answers an order that was carried out before.",
    "schema": {"type": "string", "enum": ["true"]},
}


class DescribedAPI(NinjaAPI):
    """ninja's description, with what it can't know."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**options)
        for path in schema["paths"].values():
            for operation in path.values():
                describe(operation)
        return schema


def describe(operation: dict[str, Any]) -> None:
    if body := operation.get("requestBody"):
        content = body["content"]["application/json"]
        content["example"] = BODIES[name_of(content)]
    moves_money = any(each["name"] == "Idempotency-Key" for each in operation["parameters"])
    for status, response in operation["responses"].items():
        content = response["content"]["application/json"]
        headers: dict[str, Any] = {
            name: {"description": text, "required": True, "schema": {"type": kind}}
            for name, (kind, text) in (REQUEST_ID | HEADERS.get(int(status), {})).items()
        }
        if moves_money and int(status) == 503:
            headers["Retry-After"]["required"] = False
        if name_of(content) != "Problem":
            content["example"] = BODIES[name_of(content)]
            if moves_money:
                headers["Idempotency-Replayed"] = REPLAYED
        elif moves_money and int(status) == 400:
            content["examples"] = named(REFUSAL, PROBLEMS[400])
        elif moves_money and int(status) == 503:
            content["examples"] = named(PROBLEMS[503], *UNKNOWN)
        else:
            content["example"] = PROBLEMS[int(status)]
        response["headers"] = headers


def named(*problems: dict[str, Any]) -> dict[str, Any]:
    """Several examples of one answer."""
    return {f"{number} {each['code']}": {"value": each} for number, each in enumerate(problems, 1)}


def name_of(content: dict[str, Any]) -> str:
    return str(content["schema"]["$ref"]).rpartition("/")[2]
