"""A month of statements: thirty days, 300 planted faults, each day closed, then the month.

    DAYS=30 make proof ARGS=month

Each fake day has payments and ten faults in the simulator's book. Its statement is imported by the
real importer and matched. All that was planted is found, nothing else is, each line of both books
has one place, and the equation adds up to the cent. It's `tests/adminpanel/test_month.py` at full
size.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

from tests.postgres import allow_tests, owner_of
from tests.proof.engines import on_both_engines

DAYS = os.environ.get("DAYS", "30")
COMMAND = [sys.executable, "-m", "pytest", "-q", "--create-db", "tests/adminpanel/test_month.py"]


def main() -> int:
    return on_both_engines(prove)


def prove(_name: str, url: str) -> str:
    began = time.monotonic()
    given = os.environ | {"DEBUG": "1", "DATABASE_URL": url, "MONTH_DAYS": DAYS}
    if owner := owner_of(url):
        allow_tests(url)
        given["DATABASE_OWNER_URL"] = owner
    done = subprocess.run(COMMAND, env=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5_000:]
    seconds = time.monotonic() - began
    return f"{DAYS} days with ten planted faults each, all found and no other; {seconds:.0f} s"


if __name__ == "__main__":
    sys.exit(main())
