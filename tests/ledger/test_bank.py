"""A bank whose tellers are killed at their work: no reader ever sees money appear or vanish,
and what a teller was told is in the books, once, and nothing else is."""

import os
import random
import time
from dataclasses import astuple
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from ledger.models import Transaction
from tests.books import assert_books_right, total_in_wallets
from tests.factories import UserFactory, account_id, funded
from tests.ledger.support.crowd import IS_NIGHTLY, process
from tests.ledger.support.teller import Asked, Journal, work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

TELLERS = 16 if IS_NIGHTLY else 4
MEMBERS = 50 if IS_NIGHTLY else 5
ROUNDS = 1_250 if IS_NIGHTLY else 60
KILLS = 100 if IS_NIGHTLY else 5
HELD = 100_00

SEED = int(os.environ.get("SEED", random.randrange(10**6)))


class Desk:
    """One teller after another on the same journal, until the work is done."""

    def __init__(self, path: Path, wallets: list[tuple[int, int]]) -> None:
        self.path, self.wallets, self.hired = path, wallets, 0
        self.hire(ROUNDS)

    def hire(self, rounds: int) -> None:
        self.hired += 1
        seed = SEED + self.hired
        self.teller = process(work, self.path, self.wallets, HELD * MEMBERS, rounds, seed)

    def kill(self) -> bool:
        """SIGKILL; the next teller finishes the work. Whether it was in the middle of an order."""
        self.teller.kill()
        self.teller.join()
        journal = Journal(self.path)
        self.hire(max(ROUNDS - len(journal.asked), 10))
        return bool(journal.unanswered)


def test_tellers_who_are_killed_lose_nothing(tmp_path):
    print(f"SEED={SEED}")
    draw = random.Random(SEED)
    members = [funded(UserFactory(), HELD) for _ in range(MEMBERS)]
    wallets = [(member.pk, account_id(member)) for member in members]
    deadlocks = deadlocks_so_far()
    desks = [Desk(tmp_path / f"desk{number}", wallets) for number in range(TELLERS)]
    try:
        disturb(desks, draw)
    finally:
        for desk in desks:
            desk.teller.kill()
            desk.teller.join()
    assert_all_is_told(desks)
    assert deadlocks_so_far() == deadlocks


def disturb(desks: list[Desk], draw: random.Random) -> None:
    """Kill tellers and count the money until all the work is done."""
    reads = kills = 0
    while kills < KILLS or any(desk.teller.is_alive() for desk in desks):
        assert total_in_wallets() == HELD * MEMBERS
        reads += 1
        if reads % 10 == 0:
            assert_books_right()
        if kills < KILLS and draw.random() < 0.2:
            kills += draw.choice(desks).kill()
    assert [desk.teller.exitcode for desk in desks] == [0] * TELLERS
    assert reads > KILLS


def assert_all_is_told(desks: list[Desk]) -> None:
    """The journals and the books tell the same story, each order once."""
    journals = [Journal(desk.path) for desk in desks]
    assert not any(journal.unanswered for journal in journals)
    told = {
        (*astuple(asked), journal.answers[key])
        for journal in journals
        for key, asked in journal.asked.items()
    }
    done = {one for one in told if one[-1].startswith("NS-")}
    assert {one[-1] for one in told - done} <= {"insufficient_balance"}
    transfers = Transaction.objects.filter(type="TRANSFER", status="SUCCESS")
    rows = list(
        transfers.values_list(
            "idempotency_key",
            "created_by",
            "from_account",
            "to_account",
            "amount_cents",
            "reference",
        )
    )
    assert len(rows) == len(done) > 0
    assert set(rows) == done
    assert_books_right()
    call_command("verify_ledger")


def deadlocks_so_far() -> int:
    """Those that PostgreSQL solved by refusing one side, which then tried again unseen."""
    if connection.vendor == "sqlite":
        return 0
    # A server process reports its counts when it goes.
    connection.close()
    time.sleep(0.2)
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def test_the_journal_of_a_killed_teller_names_what_nobody_answered(tmp_path):
    path = tmp_path / "desk"
    journal = Journal(path)
    journal.write(key="one", actor_id=1, source_id=1, target_id=2, amount_cents=5)
    journal.write(key="one", answer="NS-00000000")
    journal.write(key="two", actor_id=1, source_id=1, target_id=2, amount_cents=5)
    assert Journal(path).unanswered == [Asked("two", 1, 1, 2, 5)]
