"""Run everything that takes too long for `make test`, one after another, and write a report.

    .venv/bin/python .ci/nightly.py [NAME ...]     only these; --list names them all

The report is test-results/nightly.md: what ran, for how long, its verdict and its last lines. Each
step has a time limit and a separate log, in test-results/nightly/. A new tests/proof/prove_*.py
is a step without another line here. The exit status is 1 if any step failed.
"""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv/bin"
RESULTS = ROOT / "test-results"
LOGS = RESULTS / "nightly"
HOUR_S = 60 * 60
LINES_SHOWN = 25
LINE_LENGTH = 400
# A step has this long to end by itself after SIGTERM.
STOPS_WITHIN_S = 60
# How long proofs may take that need more than an hour.
PROOF_LIMITS_S = {"soak": 3 * HOUR_S, "payouts": 2 * HOUR_S, "simulation": 4 * HOUR_S}


@dataclass
class Step:
    """One long thing to run. Its verdict is the exit status of its command."""

    name: str
    command: list[str]
    limit_s: int = HOUR_S
    settings: dict[str, str] = field(default_factory=dict)
    verdict: str = ""
    took_s: float = 0

    @property
    def log(self) -> Path:
        return LOGS / f"{self.name}.log"

    @property
    def has_failed(self) -> bool:
        return self.verdict not in ("", "passed")

    def run(self) -> None:
        began = time.monotonic()
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=os.environ | {"NIGHTLY": "1"} | self.settings,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                status = process.wait(self.limit_s)
                self.verdict = "passed" if status == 0 else f"FAILED, exit status {status}"
            except subprocess.TimeoutExpired:
                self.verdict = f"FAILED: not done in {self.limit_s} s"
            finally:
                stop(process)
        self.took_s = time.monotonic() - began

    def last_lines(self) -> list[str]:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return [line[:LINE_LENGTH] for line in lines if line.strip()][-LINES_SHOWN:]


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the step and all that it started, which are its process group."""
    for sign, wait_s in ((signal.SIGTERM, STOPS_WITHIN_S), (signal.SIGKILL, 10)):
        try:
            os.killpg(process.pid, sign)
            process.wait(wait_s)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def steps() -> list[Step]:
    """All steps, the shortest kinds first: a mistake shows early."""
    test = [sys.executable, ".ci/test.py"]
    return [
        *([supply] if (supply := supply_step()) else []),
        *([fuzz] if (fuzz := fuzz_step()) else []),
        *(
            Step(
                f"proof-{name}",
                [sys.executable, "-m", f"tests.proof.prove_{name}"],
                PROOF_LIMITS_S.get(name, HOUR_S),
            )
            for name in proofs()
        ),
        Step("suite-sqlite", [*test, "sqlite"], 5 * HOUR_S),
        Step("suite-postgres", [*test, "postgres"], 5 * HOUR_S),
    ]


def proofs() -> list[str]:
    """The names of all proofs; the soak, which takes the longest, is the last."""
    found = (ROOT / "tests/proof").glob("prove_*.py")
    names = sorted(path.stem.removeprefix("prove_") for path in found)
    return sorted(names, key=lambda name: name == "soak")


def supply_step() -> Step | None:
    program = ROOT / ".ci/supply.py"
    return Step("supply", [sys.executable, str(program)], 20 * 60) if program.exists() else None


def fuzz_step() -> Step | None:
    program = ROOT / ".ci/fuzz.py"
    return Step("fuzz", [sys.executable, str(program)], 4 * HOUR_S) if program.exists() else None


def chosen(names: list[str]) -> list[Step]:
    """The steps with these names. `soak` also means `proof-soak`, and `suite` means both suites."""
    every = steps()
    found = [
        step
        for step in every
        if not names or any(name in (step.name, *step.name.split("-", 1)) for name in names)
    ]
    known = {part for step in every for part in (step.name, *step.name.split("-", 1))}
    if unknown := sorted(set(names) - known):
        raise SystemExit(f"No such step: {', '.join(unknown)}. See `make nightly ARGS=--list`.")
    return found


def report(plan: list[Step], began: datetime) -> str:
    failed = [step.name for step in plan if step.has_failed]
    left = [step.name for step in plan if not step.verdict]
    verdict = f"FAILED: {', '.join(failed)}" if failed else "passed"
    if left:
        verdict += f"; not run: {', '.join(left)}"
    rows = [f"| {one.name} | {one.took_s:.0f} | {one.verdict or 'not run'} |" for one in plan]
    parts = [
        f"# Nightly run of {began:%Y-%m-%d %H:%M} UTC",
        f"**{verdict}**",
        f"- Commit: {commit()}\n- Machine: {machine()}",
        "\n".join(["| step | seconds | verdict |", "|---|---|---|", *rows]),
    ]
    for step in plan:
        if step.verdict:
            said = "\n".join(step.last_lines()).replace("```", "'''")
            parts.append(f"## {step.name}: {step.verdict}\n\n```\n{said}\n```")
    return "\n\n".join(parts) + "\n"


def commit() -> str:
    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
        return done.stdout.strip()

    changes = git("status", "--porcelain", "--untracked-files=no")
    return f"{git('log', '-1', '--format=%h %s')}{', with changes' if changes else ''}"


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.platform()}, "
        f"Python {platform.python_version()}, load {load}"
    )


def main(arguments: list[str]) -> int:
    if arguments == ["--list"]:
        print(*(step.name for step in steps()), sep="\n")
        return 0
    plan = chosen(arguments)
    LOGS.mkdir(parents=True, exist_ok=True)
    began = datetime.now(UTC)
    target = RESULTS / "nightly.md"
    try:
        for step in plan:
            print(f"=== {step.name}", flush=True)
            step.run()
            print(f"{step.name}: {step.verdict} in {step.took_s:.0f} s", flush=True)
            # After each step, so that a night that is cut short has a report too.
            target.write_text(report(plan, began))
    except KeyboardInterrupt:
        print("Stopped.", flush=True)
        target.write_text(report(plan, began))
        return 130
    print(f"The report is in {target.relative_to(ROOT)}.")
    return int(any(step.has_failed for step in plan))


if __name__ == "__main__":
    # As Ctrl-C, so that the step under way ends too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
