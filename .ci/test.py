"""Run the tests on one database or on both, and sum up. The exit status is the verdict.

.venv/bin/python .ci/test.py both|sqlite|postgres [pytest arguments]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
PYTEST = ROOT / ".venv/bin/pytest"
BROWSERS = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
NO_BROWSER = """
  ############################################################################
  #  Chromium was not found, so NO BROWSER TEST RUNS.                        #
  #  Install it (on Debian and Ubuntu: apt install chromium) to be sure.     #
  ############################################################################
"""


class Run:
    """The tests on one database, under way from the moment this is made."""

    def __init__(self, database: str, arguments: list[str], place: Path, output: IO[str] | None):
        self.database, self.began = database, time.monotonic()
        environment = os.environ | {"DEBUG": "1"}
        command: list[str | Path] = [PYTEST, *arguments]
        if database == "sqlite":
            environment["DATABASE_URL"] = f"sqlite:///{place}/nissmart.sqlite3"
        else:
            command = [sys.executable, ROOT / "tests/postgres.py", *command]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )

    def verdict(self) -> str:
        """Wait for the end: `sqlite: passed in 400 s`."""
        while True:
            try:
                word = "FAILED" if self.process.wait() else "passed"
                return f"{self.database}: {word} in {time.monotonic() - self.began:.0f} s"
            except KeyboardInterrupt:
                # Ctrl-C reaches the tests as well, and they clean up behind them.
                continue


def main(databases: str, *arguments: str) -> int:
    warn_without_browser()
    with tempfile.TemporaryDirectory() as name:
        verdicts = run(databases, list(arguments), Path(name))
    warn_without_browser()
    print("=== Summary", *verdicts, sep="\n", flush=True)
    return int(any("FAILED" in verdict for verdict in verdicts))


def run(databases: str, arguments: list[str], place: Path) -> list[str]:
    if databases != "both":
        print(f"=== Tests on {databases}", flush=True)
        return [Run(databases, arguments, place, None).verdict()]
    # Side by side, because neither keeps two cores busy. One can be watched.
    told_later = place / "sqlite.log"
    with told_later.open("w") as output:
        beside = Run("sqlite", arguments, place, output)
        print("=== Tests on postgres; those on sqlite run beside and are told later", flush=True)
        verdicts = [Run("postgres", arguments, place, None).verdict(), beside.verdict()]
    print("=== Tests on sqlite", told_later.read_text(), sep="\n", flush=True)
    return verdicts


def warn_without_browser() -> None:
    if not any(shutil.which(name) for name in BROWSERS if name):
        print(NO_BROWSER, flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
