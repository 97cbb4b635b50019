"""The API described for people and tools: an example of every answer, and its headers."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.responses import Response

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
    "fee_cents": 0,
    "currency": "KES",
    "from_account_id": 1042,
    "to_account_id": 1043,
    "from_user_id": 1042,
    "to_user_id": 1043,
    "description": "Rent share",
    "created_at": AT,
    "settled_at": AT,
    "receipt": None,
    "failure": None,
    "steps": [],
}
GOAL = {
    "id": 2077,
    "user_id": 1042,
    "name": "School fees",
    "picture": "cap",
    "currency": "KES",
    "balance_cents": 9_200_00,
    "target_cents": 15_000_00,
    "target_date": "2027-05-02",
    "weekly_cents": 646_00,
    "created_at": AT,
}
ORDER = {"user_id": 1042, "amount_cents": 500_00, "description": "Lunch on Friday"}

# By schema name.
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
        "claimed_cents": 0,
        "as_of": AT,
    },
    "GoalIn": {
        "user_id": 1042,
        "name": "School fees",
        "picture": "cap",
        "target_cents": 15_000_00,
        "target_date": "2027-05-02",
    },
    "GoalMoveIn": {"amount_cents": 500_00},
    "GoalOut": GOAL,
    "GoalList": {"items": [GOAL]},
    "StatementOut": {
        "user_id": 1042,
        "account_id": 1042,
        "currency": "KES",
        "from": "2026-03-01",
        "to": "2026-03-02",
        "opening_cents": 500_00,
        "in_cents": 0,
        "out_cents": 120_50,
        "fees_cents": 0,
        "closing_cents": 379_50,
        "lines": [
            {
                "at": AT,
                "reference": "NS-7K2Q9PXM",
                "type": "TRANSFER",
                "description": "Rent share",
                "amount_cents": -120_50,
                "is_fee": False,
                "balance_after_cents": 379_50,
            }
        ],
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

# By status. A test compares the words with real answers.
PROBLEMS: dict[int, dict[str, Any]] = {
    400: {
        "detail": "Some fields are invalid.",
        "code": "invalid_request",
        "errors": [{"field": "limit", "message": "Input should be less than or equal to 100"}],
    },
    401: {
        "detail": "Send a valid token as Authorization: Bearer <token>.",
        "code": "not_authenticated",
    },
    403: {"detail": "This token can't do that.", "code": "forbidden"},
    404: {"detail": "Not found.", "code": "not_found"},
    409: {
        "detail": "NS-7K2Q9PXM is on its way already, so it can't be cancelled.",
        "code": "already_sent",
    },
    411: {"detail": "Send the body with a Content-Length.", "code": "length_required"},
    413: {"detail": "Send at most 64 KiB.", "code": "body_too_large"},
    415: {
        "detail": "Send the body as Content-Type: application/json.",
        "code": "unsupported_media_type",
    },
    422: {
        "detail": "This key already belongs to another transaction, NS-7K2Q9PXM. "
        "Nothing has moved. Send a new request with a new key.",
        "code": "idempotency_key_reused",
    },
    429: {"detail": "Too many requests. Wait 40 seconds, then try again.", "code": "rate_limited"},
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
OPENED_ALREADY = {
    "detail": "This key already opened another member, 1042. Use a new key for a new member.",
    "code": "idempotency_key_reused",
}
GOAL_OPENED_ALREADY = {
    "detail": "This key already opened another goal. Use a new key for a new goal.",
    "code": "idempotency_key_reused",
}
# When the database didn't answer the COMMIT: sent with a key, then without one.
UNKNOWN = [
    {
        "detail": "This may have gone through. Send it again with the same key: it can't happen "
        "twice.",
        "code": "outcome_unknown",
    },
    {
        "detail": "This may have gone through. Check before you send it again.",
        "code": "outcome_unknown",
    },
]

RETRY_AFTER = {"Retry-After": ("integer", "Seconds to wait before you try again.")}
HEADERS = {
    401: {"WWW-Authenticate": ("string", "Bearer")},
    429: RETRY_AFTER,
    503: RETRY_AFTER,
}
REQUEST_ID = {"X-Request-ID": ("string", "Yours if you sent one. Our logs have it too.")}
REPLAYED: dict[str, Any] = {
    "description": "`true` when this key was used before: nothing new has happened.",
    "schema": {"type": "string", "enum": ["true"]},
}


class DescribedAPI(NinjaAPI):
    """ninja's description, with what it can't know. Built once: that takes longer than any call."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**options)
        for operations in schema["paths"].values():
            for operation in operations.values():
                describe(operation)
        use_64_bits(schema)
        return schema

    @cached_property
    def description_json(self) -> bytes:
        return Response(self.get_openapi_schema()).content

    def _get_urls(self) -> list[URLPattern | URLResolver]:
        # ninja's own view of the description, its first, would build it for each call.
        description = path("openapi.json", require_safe(self.serve), name="openapi-json")
        return [description, *super()._get_urls()[1:]]

    def serve(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(self.description_json, content_type="application/json")


def use_64_bits(node: Any) -> None:
    """Give every integer a format: generators of Java and Go clients take 32 bits without one."""
    if isinstance(node, dict):
        if node.get("type") == "integer":
            node["format"] = "int64"
        for value in node.values():
            use_64_bits(value)
    elif isinstance(node, list):
        for value in node:
            use_64_bits(value)


def describe(operation: dict[str, Any]) -> None:
    """Add the examples and headers of one operation."""
    if body := operation.get("requestBody"):
        content = body["content"]["application/json"]
        content["example"] = BODIES[name_of(content)]
    takes_key = any(each["name"] == "Idempotency-Key" for each in operation["parameters"])
    [tag] = operation["tags"] if takes_key else [""]
    for parameter in operation["parameters"]:
        if parameter["in"] == "query":
            parameter["allowEmptyValue"] = True
    for status, response in operation["responses"].items():
        content = response["content"]["application/json"]
        is_problem = name_of(content) == "Problem"
        response["headers"] = headers_of(int(status), takes_key, is_problem)
        if is_problem:
            content["examples"] = named(*problems_of(int(status), takes_key, tag))
        else:
            content["example"] = BODIES[name_of(content)]


def headers_of(status: int, takes_key: bool, is_problem: bool) -> dict[str, Any]:
    headers: dict[str, Any] = {
        name: {"description": text, "required": True, "schema": {"type": kind}}
        for name, (kind, text) in (REQUEST_ID | HEADERS.get(status, {})).items()
    }
    if takes_key and status == 503:
        headers["Retry-After"]["required"] = False
    if takes_key and not is_problem:
        headers["Idempotency-Replayed"] = REPLAYED
    return headers


def problems_of(status: int, takes_key: bool, tag: str) -> list[dict[str, Any]]:
    """The examples of an error."""
    if tag == "Money" and status == 400:
        return [REFUSAL, PROBLEMS[400]]
    if takes_key and status == 503:
        return [PROBLEMS[503], *UNKNOWN]
    if takes_key and status == 422 and tag != "Money":
        return [GOAL_OPENED_ALREADY if tag == "Savings" else OPENED_ALREADY]
    return [PROBLEMS[status]]


def named(*problems: dict[str, Any]) -> dict[str, Any]:
    """Several examples of one answer."""
    return {f"{number} {each['code']}": {"value": each} for number, each in enumerate(problems, 1)}


def name_of(content: dict[str, Any]) -> str:
    return str(content["schema"]["$ref"]).rpartition("/")[2]
