"""The list of all money operations, so that a test can cover each of them."""

from __future__ import annotations

from typing import Any

from ledger import operations, rails
from ledger.models import Transaction
from tests.factories import account_id, new_key, send
from wallet import house
from wallet.context import Context
from wallet.models import User

# No orders of a member. Arrivals (`credit`, `expect`, `confirm`) are tested in test_arrivals.py,
# corrections in tests/adminpanel/test_corrections.py.
NO_MOVES = {
    # Partial reversals are tested in test_parts.py, claims in tests/adminpanel/test_claims.py.
    *("reverse_part", "open_claim", "take_claim", "end_claim"),
    *("adjust", "assign", "refuse_return", "refuse_sides", "return_to_payer"),
    *("ask_for_money_early", "close_goal", "end_lock_if_over", "keep_locked", "lock_goal"),
    *("earned_so_far", "pay_interest"),
    *("Paid", "confirm", "credit", "expect"),
    *("Order", "cancel", "fail", "find_earlier", "hold_in_suspense", "perform", "preview"),
    *("DayLimit", "check_payer", "limit_of_day", "most_now", "sent_cents", "settle"),
}
# From the package, so a new operation fails the tests until `accounts_of` knows it.
MOVES = sorted(set(operations.__all__) - NO_MOVES)

# A reversal takes neither an amount nor accounts, only the transaction to reverse.
ORDERS = [move for move in MOVES if move != "reverse"]

FLOAT = rails.of("simulated").float_account.id
TRANSIT = house.IN_TRANSIT.id


def accounts_of(move: str, owner: User, other: User) -> dict[str, int]:
    """The account arguments of this operation: `owner` calls it, and a transfer pays `other`."""
    match move:
        case "deposit" | "withdraw":
            return {"account_id": account_id(owner)}
        case "transfer":
            return {"source_id": account_id(owner), "target_id": account_id(other)}
    raise AssertionError(f"add the account arguments of {move} here")


def arguments_for(
    move: str, owner: User, other: User, amount_cents: int = 100_00, **more: Any
) -> dict[str, Any]:
    """All arguments of the operation, with a new key unless `more` has one.

    For a reversal this first makes the transfer from `owner` to `other` that it reverses.
    """
    arguments = {"actor_id": owner.pk, "key": new_key()}
    if move == "reverse":
        return arguments | {"transaction_id": send(owner, other, amount_cents).pk} | more
    return arguments | {"amount_cents": amount_cents} | accounts_of(move, owner, other) | more


def accounts_locked_by(move: str, owner: User, other: User) -> set[int]:
    """The accounts that this operation locks until its COMMIT."""
    is_alone = move in ("deposit", "withdraw")
    return {account_id(owner)} if is_alone else {account_id(owner), account_id(other)}


def call(move: str, arguments: dict[str, Any]) -> Transaction:
    given = dict(arguments)
    context = Context(given.pop("actor_id"), key=given.pop("key"))
    record: Transaction = getattr(operations, move)(context, **given)
    return record


def carry_out(move: str, owner: User, other: User, *args: Any, **more: Any) -> Transaction:
    return call(move, arguments_for(move, owner, other, *args, **more))


def lines(record: Transaction) -> list[tuple[int, int, int | None]]:
    """(account id, signed cents, balance after) of each entry, in order of id."""
    entries = record.entries.order_by("pk")
    return list(entries.values_list("account_id", "amount_cents", "balance_after_cents"))
