"""A process whose clients send money without a pause, and write down each confirmed transfer.

What is in the file was confirmed to a client: a backup or a restore that lacks one of those has
lost money. A client that is refused or finds no database waits a moment and goes on.
"""

from __future__ import annotations

import logging
import random
import time
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import django

django.setup()
# Each attempt without a database would be a line.
logging.disable(logging.CRITICAL)

from django.db import Error, connection  # noqa: E402

from ledger import operations  # noqa: E402
from tests.bench.workers import serve  # noqa: E402
from wallet.context import Context  # noqa: E402
from wallet.errors import Refusal  # noqa: E402
from wallet.models import Account  # noqa: E402

ENOUGH_CENTS = 10_000_00
AFTER_AN_ERROR_S = 0.2

threads: list[Thread] = []
is_over = False


def prepare() -> int:
    """Give every member something to send. Returns how many there are."""
    for account_id, user_id in wallets():
        context = Context(user_id, key=str(uuid4()))
        operations.deposit(context, account_id=account_id, amount_cents=ENOUGH_CENTS)
    return len(wallets())


def wallets() -> list[tuple[int, int]]:
    return list(Account.objects.filter(user__isnull=False).values_list("pk", "user_id"))


def start(clients: int, file: str) -> None:
    known = wallets()
    for number in range(clients):
        path = Path(f"{file}.{number}")
        thread = Thread(target=keep_sending, args=[known, path], daemon=True)
        threads.append(thread)
        thread.start()


def keep_sending(known: list[tuple[int, int]], path: Path) -> None:
    with path.open("a") as confirmed:
        while not is_over:
            (source_id, user_id), (target_id, _owner) = random.sample(known, 2)
            context = Context(user_id, key=str(uuid4()))
            try:
                made = operations.transfer(
                    context, source_id=source_id, target_id=target_id, amount_cents=100
                )
            except (Refusal, Error):
                connection.close()
                time.sleep(AFTER_AN_ERROR_S)
                continue
            print(time.time(), made.reference, file=confirmed, flush=True)
    connection.close()


def stop() -> None:
    global is_over
    is_over = True
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    answers: dict[str, Any] = {"prepare": prepare, "start": start, "stop": stop}
    serve(answers)
