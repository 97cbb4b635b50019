"""Compare the cost of each page with a short and a long history.

SIZES is the two numbers of transactions. The goal is for SIZES="10000 1000000"; the default is
small enough for every day. MEMBERS is the number of members who share them, and REQUESTS the
number of timed requests to each page.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

import psycopg

from tests.bench.workers import Worker, manage, warn_if_busy
from tests.postgres import PostgresError, owner_of, server

SIZES = [int(size) for size in os.environ.get("SIZES", "10000 50000").split()]
MEMBERS = int(os.environ.get("MEMBERS", "1000"))
REQUESTS = int(os.environ.get("REQUESTS", "60"))
SLICE = 10
TODAY = datetime.now(ZoneInfo("Africa/Nairobi")).date()
PAGES = {
    "home": "/",
    "activity": "/activity/",
    "activity, searched": "/activity/?q=lunch",
    "statement of this month": "/statement/",
    "statement of half a year": f"/statement/?from={TODAY - timedelta(days=180)}&to={TODAY}",
    "panel overview": "/panel/",
    "panel ledger": "/panel/ledger/",
    "panel ledger, filtered": "/panel/ledger/?type=WITHDRAW&status=SUCCESS&min=1,000",
    "panel activity": "/panel/activity/",
    "panel report of a month": f"/panel/reports/?from={TODAY - timedelta(days=30)}&to={TODAY}",
    "panel trial balance": "/panel/reports/trial-balance/",
    "panel accounts": "/panel/accounts/",
    "panel account of the rail": "/panel/accounts/-1/",
    "panel members": "/panel/members/",
    "reconciliation": "/panel/reconciliation/",
    "a statement": "/panel/reconciliation/{statement}/",
    "its lines": "/panel/reconciliation/{statement}/lines/",
    "API balance": "/api/balance/{member}",
    "API transactions": "/api/transactions/{member}?limit=20",
}
RECONCILE = "from tests.bench.reconciled import reconcile; reconcile()"
GOAL_RATIO, GOAL_MS = 1.3, 50
GOAL_PAGES = (
    *("home", "activity", "panel overview", "panel ledger", "panel activity"),
    *("reconciliation", "a statement", "its lines", "API balance", "API transactions"),
)


def main() -> int:
    small, large = SIZES
    try:
        with server() as short_url, server() as long_url:
            for url, size in ((short_url, small), (long_url, large)):
                fill(url, size)
            with Worker("page_worker", short_url) as short, Worker("page_worker", long_url) as long:
                compare(short, long)
    except PostgresError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def fill(url: str, size: int) -> None:
    manage(url, "migrate", "--verbosity=0")
    sizes = [f"--members={MEMBERS}", f"--transactions={size}"]
    print(manage(url, "generate_history", *sizes, "--seed=1"))
    shell = ["shell", "--verbosity=0", "--command", RECONCILE]
    manage(url, *shell)
    # The server's autovacuum would do this within a minute.
    with psycopg.connect(owner_of(url), autocommit=True) as line:
        line.execute("VACUUM ANALYZE")


def compare(short: Worker, long: Worker) -> None:
    small, large = SIZES
    print(f"\nPostgreSQL; median milliseconds of server time of {REQUESTS} requests")
    print(f"{'page':<28}  {'queries':>7}  {small:>9,}  {large:>9,}  {'ratio':>5}")
    missed = []
    for name, path in PAGES.items():
        query_counts = {worker.get(do="queries", path=path) for worker in (short, long)}
        taken: tuple[list[float], list[float]] = [], []
        for _number in range(REQUESTS // SLICE):
            for worker, times in zip((short, long), taken, strict=True):
                times += worker.get(do="measure", path=path, times=SLICE)
        fast, slow = median(taken[0]), median(taken[1])
        ratio, queries = slow / fast, "/".join(map(str, sorted(query_counts)))
        print(f"{name:<28}  {queries:>7}  {fast:>9.1f}  {slow:>9.1f}  {ratio:>5.2f}")
        if name in GOAL_PAGES:
            missed += [f"{name} in queries"] * (len(query_counts) > 1)
            missed += [f"{name} in ratio"] * (ratio > GOAL_RATIO)
            missed += [f"{name} in time"] * (slow > GOAL_MS)
    print(
        f"Goal: {', '.join(GOAL_PAGES)}: the same queries, a ratio under {GOAL_RATIO}, "
        f"under {GOAL_MS} ms: {'MISSED by ' + ', '.join(missed) if missed else 'met'}."
    )
    warn_if_busy()


if __name__ == "__main__":
    sys.exit(main())
