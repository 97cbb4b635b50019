"""Measure exports of the ledger: rows a second, and how far peak memory grows.

TRANSACTIONS is the number of rows in the whole export; the goal is for 100000. MEMBERS is the
number of members who share them.
"""

from __future__ import annotations

import os
import sys

from tests.bench.workers import Worker, manage, warn_if_busy
from tests.postgres import PostgresError, server

TRANSACTIONS = int(os.environ.get("TRANSACTIONS", "100000"))
MEMBERS = int(os.environ.get("MEMBERS", "1000"))
GOAL_MIB = 30
EXPORTS = {
    "everything": "",
    "transfers of 100 and more": "type=TRANSFER&min=100",
    "notes with lunch": "q=lunch",
}


def main() -> int:
    try:
        with server() as url:
            manage(url, "migrate", "--verbosity=0")
            sizes = [f"--members={MEMBERS}", f"--transactions={TRANSACTIONS}"]
            print(manage(url, "generate_history", *sizes, "--seed=1"))
            print(f"\n{'export':<28}  {'rows':>9}  {'rows/s':>8}  {'first ms':>8}", end="")
            print(f"  {'MiB':>6}  {'peak +MiB':>9}")
            missed = [name for name, query in EXPORTS.items() if not stays_flat(url, name, query)]
    except PostgresError as error:
        print(error, file=sys.stderr)
        return 1
    print(
        f"Goal: the peak grows by less than {GOAL_MIB} MiB: "
        f"{'MISSED by ' + ', '.join(missed) if missed else 'met'}."
    )
    warn_if_busy()
    return 0


def stays_flat(url: str, name: str, query: str) -> bool:
    """Measure one export in a new process, after a short export to warm up."""
    with Worker("export_worker", url) as worker:
        worker.get(do="export", query="min=45,000&type=DEPOSIT")
        took = worker.get(do="export", query=query)
    grown_mib = took["grown_kib"] / 1024
    print(
        f"{name:<28}  {took['rows']:>9,}  {took['rows'] / took['seconds']:>8,.0f}"
        f"  {took['first_s'] * 1000:>8.0f}  {took['bytes'] / 2**20:>6.1f}  {grown_mib:>9.1f}"
    )
    return grown_mib < GOAL_MIB


if __name__ == "__main__":
    sys.exit(main())
