"""An example of every request and answer of the API, for its description."""

from __future__ import annotations

from typing import Any

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
    "interest": {
        "basis_points": 600,
        "tax_basis_points": 1500,
        "earned_cents": 1_50,
        "paid_on": "2026-04-01",
    },
    "interest_paid_cents": 82_40,
    "interest_tax_cents": 12_36,
    "created_at": AT,
}
SCHEDULE = {
    "id": 311,
    "from_user_id": 1042,
    "to_user_id": 1043,
    "goal_id": None,
    "amount_cents": 8_500_00,
    "currency": "KES",
    "description": "Rent",
    "every": "month",
    "day": 1,
    "on": None,
    "state": "active",
    "next_on": "2026-04-01",
    "last_run": {
        "due_on": "2026-03-01",
        "state": "done",
        "amount_cents": 8_500_00,
        "reference": "NS-7K2Q9PXM",
        "missed": None,
    },
    "ended_because": None,
    "created_at": AT,
    "ended_at": None,
}
AUTOMATIC = {
    "goal_id": 2077,
    "part": {"percent": 10, "is_paused": False},
    "round": None,
    "schedule": None,
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
    "AutomaticIn": {"percent": 10},
    "AutomaticPauseIn": {"kind": "part"},
    "AutomaticOut": AUTOMATIC,
    "ScheduleIn": {
        "from_user_id": 1042,
        "to_user_id": 1043,
        "amount_cents": 8_500_00,
        "description": "Rent",
        "every": "month",
        "day": 1,
    },
    "ScheduleChangeIn": {"amount_cents": 9_000_00, "every": "week", "day": 5},
    "ScheduleOut": SCHEDULE,
    "ScheduleList": {"items": [SCHEDULE]},
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
SCHEDULE_MADE_ALREADY = {
    "detail": "This key already made another schedule. Use a new key for a new schedule.",
    "code": "idempotency_key_reused",
}
# By tag.
KEY_USED = {"Savings": GOAL_OPENED_ALREADY, "Scheduled payments": SCHEDULE_MADE_ALREADY}
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
