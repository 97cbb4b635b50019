"""An upgrade under load, and the way back: no request fails, and writes go on.

The release before (.ci/released.txt) serves eight clients on PostgreSQL: six pay without a pause
and two read. Meanwhile this release migrates the database, then serves beside the old one, then
alone. Then back: the old one beside the new one, the old one alone, and the database is migrated
back under it.

A client goes on with another server only between two requests, as behind a proxy that drains. If
the history has no such commit, as in a shallow clone, this release stands for the one before.

ROWS is how many rows the tables have that get new indexes, PHASE_S how long each phase lasts.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread
from uuid import uuid4

import psycopg

from tests.bench.workers import warn_if_busy
from tests.postgres import PostgresError, owner_of, server
from tests.proof.release import ROOT, Release, released, unpack

ROWS = int(os.environ.get("ROWS", "1000000"))
PHASE_S = float(os.environ.get("PHASE_S", "8"))
WRITERS, READERS = 6, 2
MEMBERS = 40
# A client may be refused for this long in a row.
REFUSED_S = 2.0
PREPARE = f"""
from uuid import uuid4
from ledger import operations
from wallet.api import tokens
from wallet.context import Context
from wallet.models import User
phones = [f"+2547140{{n:05}}" for n in range({MEMBERS})]
people = [User.objects.create_user(name="Member", phone=phone) for phone in phones]
for one in people:
    operations.deposit(
        Context(one.pk, key=str(uuid4())),
        account_id=one.primary_account().pk, amount_cents=100_000_00,
    )
print(tokens.issue(user_id=people[0].pk, scope="service", name="proof")[1], people[0].pk)
"""
FILL = """
INSERT INTO wallet_ratewindow (key, minute, count)
SELECT 'address:' || i, 26000000 + i / 60, 1 FROM generate_series(1, %s) AS i"""


class Client(Thread):
    """Sends one request after another, and notes the time and the status of each answer."""

    def __init__(self, number: int, token: str, first: int, stopping: Event) -> None:
        super().__init__(daemon=True)
        self.number, self.token, self.first, self.stopping = number, token, first, stopping
        self.is_writer = number < WRITERS
        self.port = 0
        self.answers: list[tuple[float, int]] = []
        self.paid = 0

    def run(self) -> None:
        connection, at = None, 0
        turn = 0
        while not self.stopping.is_set():
            port, turn = self.port, turn + 1
            if connection is None or at != port:
                if connection:
                    connection.close()
                connection, at = http.client.HTTPConnection("127.0.0.1", port, timeout=30), port
            status = self.pay(connection, turn) if self.is_writer else self.read(connection, turn)
            self.answers.append((time.monotonic(), status))
            if status >= 500:
                time.sleep(0.05)

    def pay(self, connection: http.client.HTTPConnection, turn: int) -> int:
        source = self.first + (self.number * 6 + turn) % MEMBERS
        target = self.first + (self.number * 6 + turn + 1) % MEMBERS
        body = {"from_user_id": source, "to_user_id": target, "amount_cents": 1_00}
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
        status = self.send(connection, "POST", "/api/transfer", json.dumps(body), headers)
        self.paid += status in (200, 201)
        return status

    def read(self, connection: http.client.HTTPConnection, turn: int) -> int:
        paths = ("/accounts/login/", f"/api/balance/{self.first + turn % MEMBERS}", "/readyz")
        return self.send(connection, "GET", paths[turn % len(paths)], None, {})

    def send(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: str | None,
        headers: dict[str, str],
    ) -> int:
        """The status; 599 if there was no answer."""
        try:
            connection.request(
                method, path, body, headers | {"Authorization": f"Bearer {self.token}"}
            )
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            connection.close()
            return 599

    def longest_refusal_s(self) -> float:
        """The longest time from an answer that was no success to the next success."""
        longest, since = 0.0, None
        for at, status in self.answers:
            if status >= 500:
                since = since or at
            elif since:
                longest, since = max(longest, at - since), None
        return max(longest, self.answers[-1][0] - since) if since else longest


def main() -> int:
    commit, last = released()
    try:
        with server() as url, tempfile.TemporaryDirectory(prefix="nissmart-upgrade-") as name:
            place = Path(name)
            folder = unpack(commit, place / "old")
            # It knows one role, which owns the tables.
            old = Release(folder, owner_of(url), place / "old.log")
            new = Release(ROOT, url, place / "new.log")
            if folder == ROOT:
                print(f"The history has no {commit[:8]}: this release stands for the one before.")
            try:
                print(f"PostgreSQL: {prove(old, new, url, last)}")
            except AssertionError as error:
                print(f"PostgreSQL: REFUTED: {error}")
                for one in (old, new):
                    print(*one.log.read_text().splitlines()[-5:], sep="\n")
                return 1
    except PostgresError as error:
        print(error, file=sys.stderr)
        return 1
    warn_if_busy()
    return 0


def prove(old: Release, new: Release, url: str, last: dict[str, str]) -> str:
    for app, name in last.items() if old.folder == ROOT else [("", "")]:
        old.manage("migrate", *([app, name] if app else []), "--verbosity=0")
    old.manage("createcachetable")
    for release in {old, new} if old.folder != ROOT else {new}:
        release.manage("collectstatic", "--no-input", "--verbosity=0")
    token, first = old.manage("shell", "--verbosity=0", "--command", PREPARE).split()
    with psycopg.connect(owner_of(url), autocommit=True) as connection:
        connection.execute(FILL, [ROWS])
        connection.execute("ANALYZE")
    stopping, took = Event(), {}
    clients = [Client(number, token, int(first), stopping) for number in range(WRITERS + READERS)]

    def move(port: int, some: list[Client] = clients) -> None:
        for client in some:
            client.port = port

    def timed(what: str, work: Callable[[], object]) -> None:
        began = time.monotonic()
        work()
        took[what] = time.monotonic() - began

    with ExitStack() as old_one, ExitStack() as new_one:
        move(old_one.enter_context(old.serve()))
        for client in clients:
            client.start()
        time.sleep(PHASE_S)
        timed("forward", lambda: new.manage("migrate", "--verbosity=0"))
        time.sleep(PHASE_S)
        move(new_one.enter_context(new.serve()), clients[::2])
        time.sleep(PHASE_S)
        move(clients[0].port)
        time.sleep(PHASE_S)
        old_one.close()
        # And back.
        move(old_one.enter_context(old.serve()), clients[1::2])
        time.sleep(PHASE_S)
        move(clients[1].port)
        time.sleep(PHASE_S)
        new_one.close()
        timed("back", lambda: go_back(new, last))
        time.sleep(PHASE_S)
        stopping.set()
        for client in clients:
            client.join(60)
        books = old.manage("verify_ledger")
    return check(clients, took, books, url)


def go_back(new: Release, last: dict[str, str]) -> None:
    # Those that others depend on are the last.
    for app in ("adminpanel", "ledger", "wallet"):
        new.manage("migrate", app, last[app], "--verbosity=0")


def check(clients: list[Client], took: dict[str, float], books: str, url: str) -> str:
    counts = Counter(status for client in clients for _at, status in client.answers)
    failed = {status: n for status, n in counts.items() if status >= 500 and status != 503}
    assert not failed, f"answers that are failures: {failed}"
    longest = max(client.longest_refusal_s() for client in clients)
    assert longest <= REFUSED_S, f"a client was refused for {longest:.1f} s"
    paid = sum(client.paid for client in clients)
    with psycopg.connect(owner_of(url)) as connection:
        [found] = connection.execute(
            "SELECT count(*) FROM ledger_transaction WHERE type = 'TRANSFER'"
        ).fetchone() or [0]
    assert found == paid, f"{paid} payments were acknowledged, and {found} are in the books"
    gaps = [
        later - earlier
        for client in clients[:WRITERS]
        for (earlier, _), (later, _) in zip(client.answers, client.answers[1:], strict=False)
    ]
    return (
        f"{sum(counts.values())} requests of {len(clients)} clients, {paid} payments, each in the "
        f"books; {counts[503]} answered busy, no other failure; refused for {longest:.2f} s at "
        f"most, the longest wait for an answer {max(gaps):.2f} s; migrated in "
        f"{took['forward']:.1f} s and back in {took['back']:.1f} s; {books.splitlines()[-1]}"
    )


if __name__ == "__main__":
    sys.exit(main())
