"""Place orders, and check how they were carried out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection

from ledger.kinds import DEPOSIT, TRANSFER, WITHDRAWAL
from ledger.models import Transaction
from ledger.operations import Order, perform
from ledger.operations.orders import PlacedOrder
from tests.factories import account_id, balance, new_key
from wallet.context import Context
from wallet.db.pipeline import Statement
from wallet.db.preconditions import Precondition
from wallet.models import User

ONE = Statement("SELECT 1")


def transfer(
    source: User,
    target: User,
    cents: int = 10_00,
    key: str | None = None,
    check: Callable[[list[Any]], None] | None = None,
) -> PlacedOrder:
    """With `check`, the order has a precondition; `check` gets its rows, [(1,)]."""
    order = Order(TRANSFER, cents, account_id(source), account_id(target))
    precondition = Precondition(ONE, check) if check else None
    return PlacedOrder(order, source.pk, key or new_key(), precondition=precondition)


def deposit(target: User, cents: int) -> PlacedOrder:
    return PlacedOrder(Order(DEPOSIT, cents, target_id=account_id(target)), target.pk, new_key())


def withdraw(source: User, cents: int) -> PlacedOrder:
    return PlacedOrder(Order(WITHDRAWAL, cents, source_id=account_id(source)), source.pk, new_key())


def perform_order(placed: PlacedOrder) -> Transaction:
    context = Context(placed.actor_id, key=placed.key)
    return perform(context, placed.order, precondition=placed.precondition)


def balances(*users: User) -> list[int]:
    return [balance(user) for user in users]


def commits(records: list[Transaction]) -> int:
    """How many database transactions wrote these records.

    SQLite doesn't say, but orders of one batch have the same time.
    """
    kept = Transaction.objects.filter(pk__in=[record.pk for record in records])
    assert kept.count() == len(records)
    if connection.vendor == "sqlite":
        return kept.values("created_at").distinct().count()
    ids = [record.pk for record in records]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT xmin::text) FROM ledger_transaction WHERE id = ANY(%s)", [ids]
        )
        return int(cursor.fetchone()[0])
