"""Every money operation, so that what is claimed for one is tried on all of them."""

from __future__ import annotations

from typing import Any

from ledger import operations, rails
from ledger.models import Transaction
from tests.factories import account_id, new_key, send
from wallet import house
from wallet.context import Context
from wallet.models import User

NO_MOVES = {
    *("Order", "cancel", "earlier", "fail", "hold_in_suspense", "perform", "preview"),
    *("sent_cents", "settle"),
}
# Read from the package: an operation that is added there and not below fails loudly.
MOVES = sorted(set(operations.__all__) - NO_MOVES)

# Those that name an amount and accounts of their own; a reversal names what it takes back.
ORDERS = [move for move in MOVES if move != "reverse"]

FLOAT = rails.of("simulated").float_account.id
TRANSIT = house.IN_TRANSIT.id


def accounts_of(move: str, owner: User, other: User) -> dict[str, int]:
    """The accounts that `owner` names to make this move; `other` is paid, if anybody is."""
    match move:
        case "deposit" | "withdraw":
            return {"account_id": account_id(owner)}
        case "transfer":
            return {"source_id": account_id(owner), "target_id": account_id(other)}
    raise AssertionError(f"say here which accounts {move} names")


def asked(
    move: str, owner: User, other: User, amount_cents: int = 100_00, **more: Any
) -> dict[str, Any]:
    """What `owner` asks for, under a new key unless one is given.

    A reversal is asked of a transfer from `owner` to `other`, which is made here and now.
    """
    asks = {"actor_id": owner.pk, "key": new_key()}
    if move == "reverse":
        return asks | {"transaction_id": send(owner, other, amount_cents).pk} | more
    return asks | {"amount_cents": amount_cents} | accounts_of(move, owner, other) | more


def held_by(move: str, owner: User, other: User) -> set[int]:
    """The accounts that this move holds until it is committed."""
    is_alone = move in ("deposit", "withdraw")
    return {account_id(owner)} if is_alone else {account_id(owner), account_id(other)}


def call(move: str, asks: dict[str, Any]) -> Transaction:
    given = dict(asks)
    context = Context(given.pop("actor_id"), key=given.pop("key"))
    record: Transaction = getattr(operations, move)(context, **given)
    return record


def carry_out(move: str, owner: User, other: User, *args: Any, **more: Any) -> Transaction:
    return call(move, asked(move, owner, other, *args, **more))


def lines(record: Transaction) -> list[tuple[int, int, int | None]]:
    """(account id, signed cents, balance after) of each entry, in the order written."""
    entries = record.entries.order_by("pk")
    return list(entries.values_list("account_id", "amount_cents", "balance_after_cents"))
