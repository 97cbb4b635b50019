"""A client that sends money between random members as fast as it can."""

from __future__ import annotations

import random
import re
import time
from datetime import datetime
from typing import Any
from uuid import uuid4

import django

from wallet.context import Context

django.setup()

from django.db import connection  # noqa: E402
from django.db.models import Sum  # noqa: E402

from ledger import operations  # noqa: E402
from tests.bench.workers import serve  # noqa: E402
from wallet.models import Account  # noqa: E402

ENOUGH_CENTS = 10_000_00
SAMPLE_CENTS = 173

wallets = dict(Account.objects.filter(user__isnull=False).values_list("pk", "user_id"))
account_ids = list(wallets)


def prepare() -> dict[str, int]:
    """Give every member enough money for the whole benchmark, and return the range of ids."""
    for account_id in Account.objects.filter(
        user__isnull=False, balance_cents__lt=ENOUGH_CENTS
    ).values_list("pk", flat=True):
        operations.deposit(
            Context(wallets[account_id], key=str(uuid4())),
            account_id=account_id,
            amount_cents=ENOUGH_CENTS,
        )
    first, last = min(wallets), max(wallets)
    # pgbench draws accounts from a range, and finds an account's owner by the distance.
    assert len(wallets) == last - first + 1
    [distance] = {user_id - account_id for account_id, user_id in wallets.items()}
    return {"first": first, "last": last, "distance": distance}


def send(source_id: int, target_id: int, cents: int) -> Any:
    return operations.transfer(
        Context(wallets[source_id], key=str(uuid4())),
        source_id=source_id,
        target_id=target_id,
        amount_cents=cents,
    )


def run(seconds: float) -> dict[str, float]:
    """Send transfers until the time is up, and return how many and how long they took."""
    count, began, cpu = 0, time.perf_counter(), time.process_time()
    while (now := time.perf_counter()) - began < seconds:
        source_id, target_id = random.sample(account_ids, 2)
        send(source_id, target_id, random.randint(100, 200))
        count += 1
    return {"count": count, "seconds": now - began, "cpu_s": time.process_time() - cpu}


def total() -> int:
    return Account.objects.aggregate(cents=Sum("balance_cents"))["cents"]


def script() -> list[str]:
    """The SQL statements of one transfer, with pgbench's variables in place of its values."""
    sent: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        sent.append((sql, params))
        return execute(sql, params, many, context)

    # These two are far apart, so that an owner's id isn't mistaken for an account's.
    source_id, target_id = account_ids[len(account_ids) // 2], account_ids[-1]
    with connection.execute_wrapper(note):
        record = send(source_id, target_id, SAMPLE_CENTS)
    names = {
        source_id: ":source",
        target_id: ":target",
        SAMPLE_CENTS: ":cents",
        -SAMPLE_CENTS: "-:cents",
        record.pk: ":id",
        record.reference: "'NS-:number'",
        record.idempotency_key: "'key-:client_id-:number'",
        record.created_at: "now()",
    }
    names.setdefault(record.created_by_id, ":actor")
    return [literal(sql, params, names) for sql, params in sent]


def literal(sql: str, params: Any, names: dict[Any, str]) -> str:
    values = iter(params)
    text = re.sub("%s", lambda _blank: in_sql(next(values), names), " ".join(sql.split()))
    return f"{text} \\gset" if text.endswith(" AS id") else f"{text};"


def in_sql(value: Any, names: dict[Any, str]) -> str:
    if value in names:
        return names[value]
    if isinstance(value, datetime):
        # No colons: pgbench would read them as variables.
        return f"'{value:%Y%m%dT%H%M%S%z}'"
    if isinstance(value, str):
        return f"'{value!s}'"
    return "NULL" if value is None else str(value)


if __name__ == "__main__":
    serve({"prepare": prepare, "run": run, "total": total, "script": script})
