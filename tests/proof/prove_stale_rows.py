"""A million stale rows in every table that may have them change no request's time by a fifth.

Two databases are the same but for the stale rows, and each has a process of the product. They
answer the same requests in turn, so whatever else the machine does meets both. Then the sweeps of
the worker delete all those rows, while payments go on.

ROWS and SQLITE_ROWS are how many in each table, PAIRS how often each request is timed, and SWEEP_S
for how long at most the rows are swept.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from statistics import median, quantiles

import psycopg

from tests.bench.workers import Worker, manage
from tests.postgres import owner_of, superuser_of
from tests.proof.engines import on_both_engines

ROWS = int(os.environ.get("ROWS", "1000000"))
SQLITE_ROWS = int(os.environ.get("SQLITE_ROWS", "1000000"))
# For how long at most the rows are swept. The rate of a part of them says as much.
SWEEP_S = float(os.environ.get("SWEEP_S", "3600"))
PAIRS = int(os.environ.get("PAIRS", "60"))
GOAL_RATIO = 1.2
# Below this the clock and the machine decide.
NOISE_MS = 0.7
A_PAGE = 300
# A payment may wait this long while rows are deleted.
SLOWEST_MS = 1_000
# No stranger of the proof may meet a limit.
SETTINGS = {
    "CODES_PER_HOUR_CONTACT": "0",
    "CODES_PER_HOUR_ACCOUNT": "0",
    "API_CALLS_PER_MINUTE_ADDRESS": "0",
    # A million rows take longer to insert than a statement of the site may.
    "STATEMENT_TIMEOUT_S": "0",
}


def main() -> int:
    os.environ.update(SETTINGS)
    return on_both_engines(prove)


def prove(engine: str, url: str) -> str:
    rows = SQLITE_ROWS if engine == "SQLite" else ROWS
    superuser = superuser_of(url)
    # One role for all of it: it also fills and analyses tables.
    url = owner_of(url) or url
    manage(url, "migrate", "--verbosity=0")
    with Worker("stale", url, package="tests.proof") as worker:
        worker.get(do="prepare")
    stale_url = copy(engine, url, superuser)
    with (
        Worker("stale", url, package="tests.proof") as clean,
        Worker("stale", stale_url, package="tests.proof") as stale,
    ):
        began = time.monotonic()
        # Lists show as many lines on both.
        clean.get(do="fill", rows=A_PAGE)
        filled = stale.get(do="fill", rows=rows)
        print(f"{engine}: filled {len(filled)} tables in {time.monotonic() - began:.0f} s")
        for worker in (clean, stale):
            worker.get(do="sign_in_all")
        slow = compare(engine, clean, stale)
        said = sweep_beside_payments(stale, stale_url)
        print(f"{engine}: {said}", flush=True)
        assert not slow, f"slower by more than a fifth beside {rows} stale rows: {slow}"
    return f"{rows} stale rows in each of {len(filled)} tables: no request slower"


def copy(engine: str, url: str, superuser: str) -> str:
    """The same database once more."""
    if engine == "SQLite":
        path = url.removeprefix("sqlite:///")
        shutil.copy(path, f"{path}.stale")
        return f"{url}.stale"
    base, name = url.rsplit("/", 1)
    template1 = f"{superuser.rsplit('/', 1)[0]}/template1"
    with psycopg.connect(template1, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}_stale" TEMPLATE "{name}"')
    return f"{base}/{name}_stale"


def compare(engine: str, clean: Worker, stale: Worker) -> dict[str, float]:
    """Print the times of each request. Returns the ratio of those that are too slow."""
    slow = {}
    print(f"{'':<22} {'clean, ms':>10} {'stale, ms':>10} {'ratio':>6}")
    for name in clean.get(do="names"):
        pairs = []
        for number in range(PAIRS + 3):
            order = (clean, stale) if number % 2 else (stale, clean)
            answers = {worker: worker.get(do="measure", name=name) for worker in order}
            assert answers[clean][1] == answers[stale][1], (name, answers)
            # The first ones warm up.
            if number >= 3:
                pairs.append((answers[clean][0], answers[stale][0]))
        # What a request takes when nothing else is in its way: another program only adds to it.
        before, after = (quantiles(times, n=4)[0] for times in zip(*pairs, strict=True))
        ratio = after / before
        print(f"{name:<22} {before:>10.1f} {after:>10.1f} {ratio:>6.2f}", flush=True)
        if ratio > GOAL_RATIO and after - before > NOISE_MS:
            slow[name] = round(ratio, 2)
    return slow


def sweep_beside_payments(stale: Worker, url: str) -> str:
    alone = stale.get(do="work", seconds=5)
    with Worker("stale", url, package="tests.proof") as sweeper:
        began = time.monotonic()
        sweeper.ask(do="sweep", seconds=SWEEP_S)
        beside: list[float] = []
        stale.ask(do="work", seconds=20)
        beside += stale.answer()
        swept = sweeper.answer()
        took_s = time.monotonic() - began
    is_done = took_s < SWEEP_S
    assert swept["rows"]
    assert not is_done or not any(swept["left"].values()), swept
    worst = max(beside)
    assert worst < SLOWEST_MS, f"a payment waited {worst:.0f} ms"
    return (
        f"{swept['rows']} rows swept in {took_s:.0f} s ({swept['rows'] / took_s:.0f} a second), "
        f"{swept['longest_s']:.1f} s at most in one turn; payments meanwhile "
        f"{median(beside):.1f} ms at the median and {worst:.0f} ms at most, "
        f"{median(alone):.1f} ms before"
    )


if __name__ == "__main__":
    sys.exit(main())
