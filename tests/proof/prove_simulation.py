"""10,000 seeds of the simulator, how often each act and fault came, and whether it sees mutants.

    SEEDS=10000 STEPS=60 PROCESSES=2 MUTANTS=1 python -m tests.proof.prove_simulation

On SQLite; with ENGINE=postgres on a private PostgreSQL.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.postgres import owner_of, server
from tests.proof.mutants import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
SEEDS, STEPS = int(os.environ.get("SEEDS", 10_000)), int(os.environ.get("STEPS", 60))
PROCESSES = int(os.environ.get("PROCESSES", os.cpu_count() or 1))
MUTANT_SEEDS = int(os.environ.get("MUTANT_SEEDS", 200))
FIRST = int(os.environ.get("FIRST", 1))
LEFT_OUT = ("tests", "docs", ".git", ".venv", "__pycache__", ".mypy_cache", ".ruff_cache")
# Each of these must have happened.
WANTED = [f"fault: {kind}" for kind in ("crash", "crash after commit", "lost commit answer")]
WANTED += [f"fault: {kind}" for kind in ("lost connection", "lock timeout", "deadlock")]
WANTED += ["fault: serialization failure", "meanwhile: claimed"]
WANTED += ["meanwhile: before", "meanwhile: after", "deposit that paid a claim"]


def simulate(folder: Path, *options: str, root: Path = ROOT) -> subprocess.Popen[str]:
    engine = ["--engine", "postgres"] if os.environ.get("DATABASE_URL") else []
    environ = {"DATABASE_URL": f"sqlite:///{folder}/unused.sqlite3"} | dict(os.environ)
    return subprocess.Popen(
        [sys.executable, "manage.py", "simulate", *engine, "--failures", f"{folder}", *options],
        cwd=root,
        env=environ | {"DEBUG": "1", "DJANGO_SETTINGS_MODULE": "nissmart.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def migrated(folder: Path) -> list[str]:
    """An empty migrated database for all processes."""
    if os.environ.get("DATABASE_URL"):
        return []
    file = os.environ.get("MIGRATED") or f"{folder}/migrated.sqlite3"
    if not Path(file).exists():
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "-v0"],
            cwd=ROOT,
            env=os.environ | {"DEBUG": "1", "DATABASE_URL": f"sqlite:///{file}"},
            check=True,
        )
    return ["--migrated", file]


def run_seeds(folder: Path, template: list[str]) -> bool:
    each = -(-SEEDS // PROCESSES)
    running = []
    for number in range(PROCESSES if SEEDS else 0):
        options = ["--seed", f"{FIRST + number * each}", "--seeds", f"{each}", "--go-on"]
        options += ["--operations", f"{STEPS}", "--json", f"{folder}/counts{number}.json"]
        running.append(simulate(folder, *options, *template))
    total, names, is_well = Counter[str](), set(WANTED), True
    for number, process in enumerate(running):
        said, _nothing = process.communicate()
        print("\n".join(said.splitlines()[-400:] if process.returncode else said.splitlines()))
        is_well = is_well and process.returncode == 0
        counts = json.loads(Path(f"{folder}/counts{number}.json").read_text())
        total += Counter(counts)
        # Each act was tried, but did it ever do anything?
        names |= {name for name in counts if name.startswith("done: ")}
    for name, count in sorted(total.items()):
        print(f"{count:>9,}  {name}")
    missing = [name for name in sorted(names) if SEEDS and not total[name]]
    print(f"never: {', '.join(missing)}" if missing else "Each fault and each act happened.")
    return is_well and not missing


def try_mutant(mutant: Mutant, folder: Path, template: list[str]) -> bool:
    """A copy of the product with this mistake: is there a seed that finds it?"""
    copy = folder / "mutant"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
    for file, old, new in mutant.changes:
        text = (copy / file).read_text()
        assert old in text, f"{file} has changed: {old}"
        (copy / file).write_text(text.replace(old, new))
    options = ["--seeds", f"{MUTANT_SEEDS}", "--operations", f"{STEPS}", *template]
    said, _nothing = simulate(folder, *options, root=copy).communicate()
    found = re.search(r"seed (\d+), step (-?\d+): (.*)", said)
    seed, step, rule = found.groups() if found else ("not found", "", said[-300:])
    print(f"| {mutant.name} | {seed} | {step} | {rule[:110]} |", flush=True)
    return (found is not None) == mutant.is_visible


def main() -> int:
    with TemporaryDirectory() as name, ExitStack() as stack:
        if os.environ.get("ENGINE") == "postgres":
            url = stack.enter_context(server(fsync=False))
            os.environ |= {"DATABASE_URL": url, "DATABASE_OWNER_URL": owner_of(url)}
        folder = Path(name)
        template = migrated(folder)
        is_well = run_seeds(folder, template)
        if os.environ.get("MUTANTS", "1") != "0":
            print("| mistake | found by seed | at step | as |\n|---|---|---|---|")
            chosen = os.environ.get("ONLY", "").split(";")
            for mutant in MUTANTS:
                if chosen == [""] or mutant.name in chosen:
                    is_well = try_mutant(mutant, folder, template) and is_well
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
