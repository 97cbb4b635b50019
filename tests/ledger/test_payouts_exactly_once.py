"""Many payments, a third of their answers wrong, workers that are killed: each is made once.

The rail's own book says what it did. In the end every payment stands as the book has it, nothing is
in transit, nothing is in suspense but deposits that were paid after they had failed, and the books
are right. `make proof` does the same with the product's own processes and the M-PESA simulator.
"""

from __future__ import annotations

import os
import random
import signal
import time
import zlib
from collections import Counter
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.test import override_settings

from ledger.models import Attempt, Entry
from ledger.payouts import callbacks, operations, worker
from ledger.rails import Outcome
from tests.books import assert_books_right
from tests.factories import UserFactory, balance, deposit, funded, withdraw
from tests.ledger.support import paya
from tests.ledger.support.crowd import IS_NIGHTLY, process
from tests.ledger.support.payouts import make_due
from tests.tampering import violations
from wallet import house
from wallet.errors import Busy

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

IS_SQLITE = connection.vendor == "sqlite"
PAYOUTS = (1_000 if IS_SQLITE else 5_000) if IS_NIGHTLY else 60
DEPOSITS = PAYOUTS // 3
MEMBERS, WORKERS, AMOUNT = 10, 3, 1_00
ENDS_WITHIN_S = 1_800 if IS_NIGHTLY else 240
FAULTS = {
    "pay": ["busy", "lost", "done_but_lost", "breaks", "unnamed", "rejected", "instant"],
    "ask": ["lost", "working", "breaks"],
}


def fails(reference: str) -> bool:
    return zlib.crc32(reference.encode()) % 5 == 0


def work(folder: str, seed: int) -> None:
    """A worker, until a file says that it may stop."""
    draw = random.Random(seed)

    def script(call: str, reference: str) -> str:
        return draw.choice(FAULTS[call]) if draw.random() < 1 / 3 else ""

    with paya.known(folder) as rail, override_settings(PAYOUT_THREADS=2):
        rail.fails, rail.script = fails, script
        rail.on_the_way = lambda reference: time.sleep(draw.random() / 50)
        while not stop_file(rail).exists():
            with suppress(ExceptionGroup, Busy, OperationalError):
                worker.do_due()
                callbacks.apply_waiting()
            time.sleep(0.01)


def stop_file(rail: paya.Paya) -> Path:
    return rail.folder.parent / f"{rail.folder.name}.stop"


def call_back(rail: paya.Paya, draw: random.Random) -> None:
    """The rail says how some payments went: some of it twice, some of it the wrong way round once
    the truth was heard."""
    for path in draw.sample(sorted(rail.folder.iterdir()), min(5, rail.paid_or_failed())):
        reference = path.name
        lie = {"outcome": Outcome.FAILED if not fails(reference) else Outcome.UNKNOWN}
        messages = [{}] * draw.choice([1, 1, 3])
        if Attempt.objects.filter(reference=reference, state="SUCCEEDED").exists():
            messages.append(lie)
        for changes in messages:
            with suppress(Busy, OperationalError):
                callbacks.apply(callbacks.store(rail, "paid", rail.message(reference, **changes)))


def report_late_ones(rail: paya.Paya) -> set[str]:
    """The rail says of each deposit that failed and that it has carried out all the same. That
    happens when a worker's request arrives after another worker has asked for it."""
    paid = [one.reference for one in Attempt.objects.filter(state="FAILED")]
    late = {reference for reference in paid if rail.lines()[reference]}
    for reference in late:
        callbacks.apply(callbacks.store(rail, "paid", rail.message(reference)))
    assert not Attempt.objects.payouts().filter(reference__in=late).exists()
    return late


def assert_stands_as_the_book_has_it(paid: Counter[str], attempt: Attempt, late: set[str]) -> None:
    expected = attempt.state == "SUCCEEDED" or attempt.reference in late
    assert paid[attempt.reference] == expected, attempt


def replace_first(workers: list[BaseProcess], folder: str, seed: int) -> list[BaseProcess]:
    """Kill the first worker, and let a new one go on."""
    os.kill(workers[0].pid, signal.SIGKILL)
    workers[0].join()
    return [*workers[1:], process(work, folder, seed)]


def assert_nothing_is_left_over(late: set[str]) -> None:
    for account, cents in ((house.IN_TRANSIT, 0), (house.SUSPENSE, len(late) * AMOUNT)):
        entries = Entry.objects.filter(account=account.id)
        assert sum(entries.values_list("amount_cents", flat=True)) == cents, account.kind
    assert_books_right()
    assert violations() == []


def test_each_payment_is_made_once(db):
    owners = [funded(UserFactory(), PAYOUTS * AMOUNT) for _each in range(MEMBERS)]
    draw, began = random.Random(1), time.monotonic()
    workers: list[BaseProcess] = []
    turns = kills = 0
    with paya.known() as rail:
        rail.fails = fails
        for number in range(PAYOUTS):
            withdraw(owners[number % MEMBERS], AMOUNT)
        for number in range(DEPOSITS):
            deposit(owners[number % MEMBERS], AMOUNT)
        workers = [process(work, str(rail.folder), number) for number in range(WORKERS)]
        try:
            while Attempt.objects.open().exists():
                assert time.monotonic() < began + ENDS_WITHIN_S, "some never end"
                time.sleep(0.3)
                with suppress(Busy, OperationalError):
                    make_due()
                    call_back(rail, draw)
                    operations.end_agreed()
                turns += 1
                if turns % 4 == 2:
                    kills += 1
                    workers = replace_first(workers, str(rail.folder), 100 + kills)
        finally:
            stop_file(rail).touch()
            for one in workers:
                one.join(30)
            stop_file(rail).unlink()
        late = report_late_ones(rail)
        attempts = list(Attempt.objects.select_related("transaction"))
        book = rail.lines()
        assert len(attempts) == PAYOUTS + DEPOSITS
        for attempt in attempts:
            assert_stands_as_the_book_has_it(book, attempt, late)
        assert set(book.values()) == {1}
        ended = [one for one in attempts if one.state == "SUCCEEDED"]
        paid = sum(-1 if one.is_payout else 1 for one in ended)
        assert sum(balance(owner) for owner in owners) == (
            MEMBERS * PAYOUTS * AMOUNT + paid * AMOUNT
        )
        assert_nothing_is_left_over(late)
    took_s = time.monotonic() - began
    print(f"{len(ended)} of {len(attempts)} made, {len(late)} late, {kills} kills, {took_s:.0f} s")
