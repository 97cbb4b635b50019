"""A row that breaks it, for every CHECK and UNIQUE constraint of the money tables."""

from __future__ import annotations

from ledger.models import Entry, Transaction
from tests.ledger.support.moves import FLOAT
from wallet import house
from wallet.models import Account, User
from wallet.money import CEILING_CENTS

TOO_MUCH = CEILING_CENTS + 1
AT = "2026-01-01 00:00:00+00:00"
CLOSED_GOAL = {"kind": "goal", "balance_cents": 0, "closed_at": AT}

# The good row is a transfer. These changes make it another kind.
DEPOSIT = {"type": "DEPOSIT", "from_account_id": None, "rail": "simulated"}
WITHDRAWAL = {"type": "WITHDRAW", "to_account_id": None, "rail": "simulated"}
REVERSAL = {"type": "REVERSAL", "reverses_id": "record"}
ADJUSTMENT = {"type": "ADJUSTMENT"}

# (constraint, table, the wrong values). "alice" and "bob" stand for the ids of their accounts.
# A bad account or user is a copy of Alice's with another id, email and phone number.
BAD_ROWS = [
    *(
        ("transaction_amount_above_zero", Transaction, {"amount_cents": cents})
        for cents in (0, -1, TOO_MUCH)
    ),
    *(
        ("transaction_shape_by_type", Transaction, shape)
        for shape in (
            {"type": "DEPOSIT", "from_account_id": "alice", "rail": "simulated"},
            {"type": "DEPOSIT", "to_account_id": None, "rail": "simulated"},
            DEPOSIT | {"to_account_id": None},
            {"type": "TRANSFER", "from_account_id": None, "to_account_id": "bob"},
            {"type": "TRANSFER", "from_account_id": "alice", "to_account_id": None},
            {"type": "WITHDRAW", "to_account_id": "bob", "rail": "simulated"},
            WITHDRAWAL | {"from_account_id": None},
            {"type": "REFUND"},
            REVERSAL | {"from_account_id": None},
            {"type": "transfer"},
            {"type": ""},
            # Deposits and withdrawals have a rail; transfers and reversals of them don't.
            DEPOSIT | {"rail": ""},
            WITHDRAWAL | {"rail": ""},
            {"rail": "simulated"},
            REVERSAL | {"rail": "simulated"},
            # Only kinds with a rail can be pending or failed.
            {"status": "PENDING", "settled_at": None},
            {"status": "FAILED"},
            REVERSAL | {"status": "FAILED"},
            # Only a reversal names another transaction.
            {"type": "REVERSAL"},
            {"reverses_id": "record"},
            DEPOSIT | {"reverses_id": "record"},
            {"type": "PARTIAL"},
        )
    ),
    ("reverses", Transaction, REVERSAL | {"reverses_id": "reversed"}),
    *(
        ("transaction_house_sides", Transaction, ADJUSTMENT | wrong)
        for wrong in (
            {"to_account_id": house.IN_TRANSIT.id},
            {"from_account_id": house.IN_TRANSIT.id},
            # Only an adjustment that settles an item names suspense, and it has to.
            {"to_account_id": house.SUSPENSE.id},
            {"from_account_id": house.SUSPENSE.id},
            {"resolves_id": "record"},
        )
    ),
    (
        "transaction_resolves_once",
        Transaction,
        {"type": "ASSIGN", "from_account_id": None, "resolves_id": "item"},
    ),
    ("transaction_fee_not_negative", Transaction, {"fee_cents": -1}),
    ("transaction_ordered_by_a_person", Transaction, DEPOSIT | {"created_by_id": None}),
    ("transaction_from_and_to_differ", Transaction, {"to_account_id": "alice"}),
    *(
        ("transaction_settled_when_not_pending", Transaction, state)
        for state in (
            DEPOSIT | {"status": "PENDING"},
            {"status": "SUCCESS", "settled_at": None},
            DEPOSIT | {"status": "FAILED", "settled_at": None},
            {"status": "DONE"},
            {"status": "DONE", "settled_at": None},
        )
    ),
    ("transaction_once_per_key", Transaction, {"idempotency_key": "one"}),
    ("reference", Transaction, {"reference": "first"}),
    *(
        ("entry_amount_not_zero", Entry, {"amount_cents": cents})
        for cents in (0, TOO_MUCH, -TOO_MUCH)
    ),
    *(
        ("entry_balance_for_members_only", Entry, wrong)
        for wrong in (
            {"balance_after_cents": None},
            {"balance_after_cents": -1},
            {"account_id": FLOAT, "balance_after_cents": 0},
            {"account_id": 0},
            {"account_id": 0, "balance_after_cents": None},
        )
    ),
    *(
        ("account_balance_not_negative", Account, {"user_id": "carol", "balance_cents": cents})
        for cents in (-1, TOO_MUCH)
    ),
    *(
        ("account_house_has_no_user_and_no_balance", Account, wrong)
        for wrong in (
            {"id": -9, "user_id": None, "kind": "float", "balance_cents": 1},
            {"user_id": None, "kind": "float", "balance_cents": 0},
            {"id": -9, "user_id": None, "kind": "wallet", "balance_cents": 0},
            {"user_id": None},
            {"user_id": "carol", "kind": "suspense"},
            {"user_id": "carol", "kind": "suspense", "balance_cents": 0},
            {"id": -9, "user_id": "carol"},
            {"id": 0, "user_id": "carol"},
            {"id": -9, "user_id": None, "kind": "goal", "balance_cents": 0},
            {"user_id": None, "kind": "goal"},
        )
    ),
    *(
        ("account_currency_known", Account, {"user_id": "carol", "currency": currency})
        for currency in ("USD", "kes", "")
    ),
    *(
        ("account_frozen_by_someone", Account, {"user_id": "carol"} | frozen)
        for frozen in ({"is_frozen": True}, {"frozen_by": "member"})
    ),
    *(
        ("account_closed_goal_is_empty", Account, {"user_id": "carol", "closed_at": AT} | wrong)
        for wrong in ({}, {"balance_cents": 0}, {"kind": "goal"})
    ),
    ("account_closed_goal_is_empty", Account, CLOSED_GOAL | {"is_locked": True}),
    ("account_locks_only_goals", Account, {"user_id": "carol", "is_locked": True}),
    ("account_one_wallet_per_user_and_currency", Account, {}),
    (
        "account_one_house_account_per_kind",
        Account,
        {"id": -9, "user_id": None, "kind": "suspense", "balance_cents": 0},
    ),
    ("email", User, {"email": "alice@example.com"}),
    ("user_email_any_case", User, {"email": "ALICE@example.com"}),
    ("user_email_null_not_empty", User, {"email": ""}),
    ("user_name_is_not_the_houses", User, {"name": "The System"}),
    ("user_name_does_not_read_like_the_houses", User, {"search_name": "nissmart"}),
    ("user_name_does_not_hold_the_houses", User, {"name_skeleton": "ask nlsmart"}),
    ("public_id", User, {"public_id": "MB-000000000001"}),
    ("phone", User, {"phone": "+254712000001"}),
    ("user_email_is_proved", User, {"email_proved_at": None}),
    ("user_phone_is_proved", User, {"phone_proved_at": None}),
    *(
        ("user_phone_e164", User, {"phone": phone})
        for phone in (
            "",
            "0712000002",
            "254712000002",
            "+255712000002",
            "+254712",
            "+25471200000212",
            "+254712 000 002",
            "+254712000002\n",
            "x+254712000002",
            "+25471200000٢",
        )
    ),
]
