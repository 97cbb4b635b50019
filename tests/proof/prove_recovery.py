"""Follow docs/operations.md on a machine of our own, lose the machine, and get everything back.

Sections 2 to 4 word for word, while 16 clients send money: two roles, a backup to a file, the
archive of every change. Then the database is destroyed at a random moment, ROUNDS times, and
restored from the archive, and once more to a moment that is named. What was confirmed before the
archive was last known to be whole must be there, and `verify_ledger` must pass.

Then BACKUPS backups of a SQLite database under the same load, and a plain copy of its file, which
must lack rows: otherwise this proof couldn't see a bad backup.

Needs root and Debian's pgbackrest.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from tests.bench.workers import Worker, manage, warn_if_busy
from tests.proof.machine import Machine

ROUNDS = int(os.environ.get("ROUNDS", "10"))
BACKUPS = int(os.environ.get("BACKUPS", "20"))
CLIENTS = int(os.environ.get("CLIENTS", "16"))
MEMBERS = ["--members=50", "--transactions=500", "--seed=1"]
NAMED = "2026-11-29 14:30:00+03"  # in the text of section 4.3


def main() -> int:
    if os.geteuid() or not shutil.which("pgbackrest"):
        print("NOT PROVED: this needs root, and pgbackrest (apt install pgbackrest).")
        return 1
    chosen = os.environ.get("ENGINE")
    with tempfile.TemporaryDirectory(prefix="nissmart-proof-") as name:
        if chosen != "sqlite":
            (Path(name) / "machine").mkdir()
            Path(name).chmod(0o755)
            with Machine(Path(name) / "machine") as machine:
                postgresql(machine)
        if chosen != "postgres":
            sqlite(Path(name))
    warn_if_busy()
    return 0


def postgresql(machine: Machine) -> None:
    machine.follow("2")
    machine.manage("generate_history", *MEMBERS)
    machine.follow("3.2")
    say("sections 2 and 3.2 followed: two roles, and every change is archived")
    with load(machine.url(), machine.place) as sent:
        said = machine.follow("3.1")
    say(f"section 3.1, under load: {' '.join(said.split())}")
    machine.follow("3.3")
    try_a_file(machine, sent)
    lost_in_all = 0
    for number in range(ROUNDS):
        before, lost = lose_and_restore(machine, number)
        lost_in_all += lost
        say(f"round {number + 1}: {before:,} confirmed before the archive was whole, none lost;")
        say(f"  of those after, {lost:,} lost. {machine.manage('verify_ledger')}")
    say(f"{ROUNDS} restores: none lost of what was archived, {lost_in_all:,} of what came after")
    to_a_named_moment(machine)


def try_a_file(machine: Machine, sent: Sent) -> None:
    """Section 4.1: the file restores beside the database, and takes its place."""
    said = machine.follow("4.1")
    assert "Verified" in said, said
    say(f"section 4.1: {' '.join(said.split())}")
    begun = references(machine.url())
    machine.manage("verify_ledger")
    # The file was made during the load: it has what was confirmed before it began.
    assert not {one for at, one in sent.confirmed() if at < sent.began_at + 1} - begun
    assert is_refused(machine.url(), "ALTER TABLE ledger_entry DISABLE TRIGGER ALL")
    # The archive goes on with this database: both are on the same server.


def lose_and_restore(machine: Machine, number: int) -> tuple[int, int]:
    """Destroy the database under load, follow section 4.2, and count."""
    place = machine.place / f"round{number}"
    with load(machine.url(), place) as sent:
        time.sleep(random.uniform(1, 3))
        archived_at = time.time()
        machine.follow("3.3")
        time.sleep(random.uniform(0, 3))
        machine.destroy()
    confirmed = sent.confirmed()
    machine.follow("4.2")
    there = references(machine.url())
    before = {reference for at, reference in confirmed if at < archived_at}
    assert before, "nothing was sent before the archive was whole"
    assert not before - there, f"lost though archived: {len(before - there)}"
    return len(before), len({reference for _at, reference in confirmed} - there)


def to_a_named_moment(machine: Machine) -> None:
    """Section 4.3: what was confirmed by then is there, and nothing that was ordered later."""
    with load(machine.url(), machine.place / "named") as sent:
        time.sleep(2)
        moment = datetime.now(UTC).replace(microsecond=0)
        time.sleep(2)
        machine.follow("3.3")
        machine.destroy()
    machine.follow("4.3", **{NAMED: f"{moment:%Y-%m-%d %H:%M:%S}+00"})
    there = references(machine.url())
    before = {reference for at, reference in sent.confirmed() if at < moment.timestamp()}
    assert before
    assert not before - there, f"lost though earlier: {len(before - there)}"
    later = "SELECT count(*) FROM ledger_transaction WHERE created_at > %s"
    with psycopg.connect(machine.url()) as connection:
        assert connection.execute(later, [moment]).fetchone() == (0,)
    say(f"section 4.3: restored to {moment:%H:%M:%S}: {len(before):,} confirmed by then are there")
    say(f"  and nothing later. {machine.manage('verify_ledger')}")


def sqlite(place: Path) -> None:
    url = f"sqlite:///{place}/db.sqlite3"
    manage(url, "migrate", "--verbosity=0")
    manage(url, "generate_history", *MEMBERS)
    with load(url, place / "sqlite") as sent:
        time.sleep(1)
        for number in range(BACKUPS):
            known = {reference for _at, reference in sent.confirmed()}
            path = place / f"{number}.backup"
            said = manage(url, "backup", str(path))
            assert "Verified" in said, said
            copied = f"sqlite:///{place}/restored{number}.sqlite3"
            manage(copied, "restore", str(path))
            assert not known - references(copied), f"backup {number} lacks confirmed transfers"
        known = {reference for _at, reference in sent.confirmed()}
        shutil.copyfile(place / "db.sqlite3", place / "plain.sqlite3")
    missing = missing_in(place / "plain.sqlite3", known)
    assert missing, "a plain copy lacked nothing, so this proof sees nothing"
    say(f"SQLite: {BACKUPS} backups under {CLIENTS} clients, {len(known):,} confirmed transfers,")
    say(f"  none missing in a backup made later. A plain copy of the file: {missing}.")


def missing_in(path: Path, known: set[str]) -> str:
    """What a copy of the file without its log lacks; "" when nothing."""
    try:
        with closing(sqlite3.connect(path)) as plain:
            rows = plain.execute("SELECT reference FROM ledger_transaction").fetchall()
    except sqlite3.DatabaseError as error:
        return f"it can't be read ({error})"
    lacking = len(known - {reference for (reference,) in rows})
    return f"{lacking:,} are missing" if lacking else ""


class Sent:
    """What the clients of a load wrote down."""

    def __init__(self, file: Path) -> None:
        self.file, self.began_at = file, time.time()

    def confirmed(self) -> list[tuple[float, str]]:
        """When each transfer was confirmed, and its reference."""
        found = []
        for path in self.file.parent.glob(f"{self.file.name}.*"):
            lines = path.read_text().splitlines(keepends=True)
            whole = [line.split() for line in lines if line.endswith("\n")]
            found += [(float(at), reference) for at, reference in whole]
        return sorted(found)


@contextmanager
def load(url: str, place: Path) -> Iterator[Sent]:
    """Clients in two processes send money during the block."""
    place.mkdir(exist_ok=True)
    sent = Sent(place / "confirmed")
    with Worker("senders", url, "tests.proof") as one, Worker("senders", url, "tests.proof") as two:
        one.get(do="prepare")
        for number, sender in enumerate((one, two)):
            sender.get(do="start", clients=CLIENTS // 2, file=f"{sent.file}.{number}")
        while not sent.confirmed():
            time.sleep(0.1)
        sent.began_at = time.time()
        try:
            yield sent
        finally:
            for sender in (one, two):
                sender.get(do="stop")


def references(url: str) -> set[str]:
    query = "SELECT reference FROM ledger_transaction"
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
            return {reference for (reference,) in database.execute(query)}
    with psycopg.connect(url) as connection:
        return {reference for (reference,) in connection.execute(query)}


def is_refused(url: str, statement: str) -> bool:
    try:
        with psycopg.connect(url) as connection:
            connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        return True
    return False


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
