"""Run a proof on PostgreSQL, then on SQLite. ENGINE=postgres or ENGINE=sqlite chooses one."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Callable

from tests.bench.workers import warn_if_busy
from tests.postgres import PostgresError, server

ENGINES = {"postgres": "PostgreSQL", "sqlite": "SQLite"}

# A database's name and URL; returns what was found, and raises AssertionError when it isn't so.
Proof = Callable[[str, str], str]


def on_both_engines(prove: Proof) -> int:
    """Print what the proof found on each engine. Returns the exit status."""
    chosen = os.environ.get("ENGINE")
    names = [ENGINES[chosen]] if chosen else list(ENGINES.values())
    verdicts = [run(prove, name) for name in names]
    warn_if_busy()
    return 0 if all(verdicts) else 1


def run(prove: Proof, name: str) -> bool:
    try:
        if name == "SQLite":
            with tempfile.TemporaryDirectory(prefix="nissmart-proof-") as place:
                found = prove(name, f"sqlite:///{place}/db.sqlite3")
        else:
            with server() as url:
                found = prove(name, url)
    except PostgresError as error:
        print(error, file=sys.stderr)
        return False
    except AssertionError:
        traceback.print_exc()
        print(f"{name}: REFUTED", flush=True)
        return False
    print(f"{name}: {found}", flush=True)
    return True
