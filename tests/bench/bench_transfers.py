"""Compare transfers a second through `ledger.operations` and through pgbench.

pgbench sends the same statements as the operation, to a copy of the same database, in alternate
rounds. The gap between the ratio and 1 is the cost of Python and of its path to the database.

ROUNDS is the number of rounds, SECONDS the length of each, ACCOUNTS the number of accounts.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.bench.workers import Worker, manage, team, warn_if_busy
from tests.postgres import PostgresError, find_binaries, owner_of, server

ROUNDS = int(os.environ.get("ROUNDS", "3"))
SECONDS = float(os.environ.get("SECONDS", "4"))
ACCOUNTS = int(os.environ.get("ACCOUNTS", "10000"))
CLIENTS = (1, 4, 8)
GOAL_CLIENTS, GOAL_RATIO = 4, 0.4

HEAD = """\
\\set number random(1, 9999999999999)
\\set source random({first}, {last})
\\set target {first} + (:source - {first} + random(1, {last} - {first})) % ({last} - {first} + 1)
\\set actor :source + {distance}
\\set cents random(100, 200)
"""


class Speed(NamedTuple):
    per_second: float
    cpu_us: float = 0


class Pgbench:
    """pgbench on its own copy of the database at `url`."""

    def __init__(self, url: str, script: Path, statements: list[str], ids: dict[str, int]) -> None:
        self.script = script
        self.binaries = find_binaries()
        _scheme, user, host, port, name = re.split(r"://|[@:/](?=\w)", owner_of(url))
        self.server_options = ["-h", host, "-p", port, "-U", user]
        command = [self.binaries / "createdb", *self.server_options, "-T", name, "pgbench"]
        subprocess.run(command, check=True)
        lines = [HEAD.format(**ids), "BEGIN;", *statements, "COMMIT;"]
        script.write_text("\n".join(lines) + "\n")

    def run(self, clients: int) -> Speed:
        command = [self.binaries / "pgbench", *self.server_options, "-n", "-f", self.script]
        command += ["-c", str(clients), "-j", str(min(clients, 2)), "-T", str(round(SECONDS))]
        done = subprocess.run([*command, "pgbench"], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"pgbench failed:\n{done.stderr}")
        found = re.search(r"tps = ([\d.]+)", done.stdout)
        assert found, done.stdout
        return Speed(float(found[1]))


def main() -> int:
    print(f"{ACCOUNTS:,} accounts; medians of {ROUNDS} rounds of {SECONDS:g} s (lowest-highest)")
    with tempfile.TemporaryDirectory(prefix="nissmart-bench-") as place:
        try:
            with server() as url:
                postgresql(url, Path(place))
        except PostgresError as error:
            print(error, file=sys.stderr)
            return 1
        sqlite(f"sqlite:///{place}/db.sqlite3")
    warn_if_busy()
    return 0


def postgresql(url: str, place: Path) -> None:
    fill(url)
    with Worker("transfer_worker", url) as worker:
        ids = worker.get(do="prepare")
        statements = worker.get(do="script")
        before = worker.get(do="total")
    pgbench = Pgbench(url, place / "transfer.sql", statements, ids)
    measured: dict[tuple[int, str], list[Speed]] = {}
    with team("transfer_worker", url, max(CLIENTS)) as workers:
        runners: dict[str, Callable[[int], Speed]] = {
            "operations": lambda clients: run(workers[:clients]),
            "pgbench": pgbench.run,
        }
        for number in range(ROUNDS):
            for clients in CLIENTS:
                # Alternate which one runs first.
                for name in sorted(runners, reverse=number % 2 == 1):
                    measured.setdefault((clients, name), []).append(runners[name](clients))
        after = workers[0].get(do="total")
    report(measured)
    check(url, before, after)


def report(measured: dict[tuple[int, str], list[Speed]]) -> None:
    print("\nPostgreSQL, fsync and synchronous_commit on")
    print(f"{'clients':>7}  {'operations/s':>22}  {'pgbench/s':>22}  {'ratio':>5}  client CPU")
    ratios = {}
    for clients in CLIENTS:
        ours, theirs = measured[clients, "operations"], measured[clients, "pgbench"]
        pairs = zip(ours, theirs, strict=True)
        ratios[clients] = median(our.per_second / their.per_second for our, their in pairs)
        cpu_us = median(one.cpu_us for one in ours)
        print(
            f"{clients:>7}  {spread(ours):>22}  {spread(theirs):>22}  {ratios[clients]:>5.2f}"
            f"  {cpu_us:,.0f} us a transfer"
        )
    verdict = "met" if ratios[GOAL_CLIENTS] >= GOAL_RATIO else "MISSED"
    print(f"Goal: a ratio of at least {GOAL_RATIO} at {GOAL_CLIENTS} clients: {verdict}.")


def sqlite(url: str) -> None:
    fill(url)
    with Worker("transfer_worker", url) as worker:
        worker.get(do="prepare")
        before = worker.get(do="total")
    measured: dict[int, list[Speed]] = {clients: [] for clients in CLIENTS}
    with team("transfer_worker", url, max(CLIENTS)) as workers:
        for _number in range(ROUNDS):
            for clients in CLIENTS:
                measured[clients].append(run(workers[:clients]))
        after = workers[0].get(do="total")
    print("\nSQLite, WAL and synchronous=FULL")
    print(f"{'clients':>7}  {'operations/s':>22}  client CPU")
    for clients, speeds in measured.items():
        cpu_us = median(one.cpu_us for one in speeds)
        print(f"{clients:>7}  {spread(speeds):>22}  {cpu_us:,.0f} us a transfer")
    check(url, before, after)


def fill(url: str) -> None:
    manage(url, "migrate", "--verbosity=0")
    size = [f"--members={ACCOUNTS}", f"--transactions={2 * ACCOUNTS}"]
    manage(url, "generate_history", *size, "--seed=1")


def run(workers: list[Worker]) -> Speed:
    """Run these workers at the same time."""
    for worker in workers:
        worker.ask(do="run", seconds=SECONDS)
    answers = [worker.answer() for worker in workers]
    count = sum(answer["count"] for answer in answers)
    return Speed(
        count / max(answer["seconds"] for answer in answers),
        sum(answer["cpu_s"] for answer in answers) / count * 1_000_000,
    )


def spread(speeds: list[Speed]) -> str:
    values = [speed.per_second for speed in speeds]
    return f"{median(values):,.0f} ({min(values):,.0f}-{max(values):,.0f})"


def check(url: str, before: int, after: int) -> None:
    """Check that no money was lost or made, and verify the books."""
    if before != after:
        raise SystemExit(f"Money was lost or made: {before} cents before, {after} after.")
    print(f"All balances together are unchanged. {manage(url, 'verify_ledger')}")


if __name__ == "__main__":
    sys.exit(main())
