"""Seeds of the simulator on this engine, and that the same seed is the same run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from nissmart.simulation.faults import KINDS
from tests.ledger.support.crowd import IS_NIGHTLY
from tests.nissmart.support import migrated

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
IS_POSTGRES = connection.vendor == "postgresql"
SEEDS, STEPS = (4, 30) if IS_POSTGRES else (6, 30)
if IS_NIGHTLY:
    SEEDS, STEPS = (400, 60) if IS_POSTGRES else (2_000, 60)

# The same seeds are the same steps on both engines, so also a few have each of these.
HAPPENED = ["fault: crash", "made: DEPOSIT SUCCESS", "made: WITHDRAW SUCCESS", "meanwhile: claimed"]
if IS_NIGHTLY:
    HAPPENED += [f"fault: {kind}" for kind in KINDS]
    HAPPENED += ["meanwhile: before", "meanwhile: after", "deposit that paid a claim"]
    HAPPENED += ["rail: sent again", "rail: not found, may be sent again"]

Simulate = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def simulate(tmp_path) -> Iterator[Simulate]:
    """Run `manage.py simulate` with a copy of this empty migrated database as its template."""
    template, more = str(tmp_path / "migrated.sqlite3"), []
    server = connection.get_connection_params() if IS_POSTGRES else {}
    if IS_POSTGRES:
        template, more = f"{settings.DATABASES['default']['NAME']}_copy", ["--engine", "postgres"]
        command_of(server, f'CREATE DATABASE "{template}" TEMPLATE "{server["dbname"]}"')
    else:
        migrated.copy_to(Path(template))

    def run(*options: str, **env: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", "simulate", "--migrated", template, *more]
        command += ["--failures", str(tmp_path), *options]
        return subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | {"DEBUG": "1", "DJANGO_SETTINGS_MODULE": "nissmart.settings"} | env,
            capture_output=True,
            text=True,
        )

    yield run
    if IS_POSTGRES:
        command_of(server, f'DROP DATABASE "{template}"')


def command_of(server: dict[str, object], sql: str) -> None:
    connection.close()
    own = (*connection.OWN, "cursor_factory", "context", "dbname")
    known = {name: value for name, value in server.items() if name not in own}
    with psycopg.connect(**known, dbname="postgres", autocommit=True) as admin:
        admin.execute(sql)


def test_no_seed_breaks_a_rule(simulate, tmp_path):
    counts = tmp_path / "counts.json"
    done = simulate("--seeds", f"{SEEDS}", "--operations", f"{STEPS}", "--json", f"{counts}")
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
    fired = json.loads(counts.read_text())
    missing = [name for name in HAPPENED if not fired.get(name)]
    assert not missing, f"never happened: {missing}"


@pytest.mark.any_engine
def test_the_same_seed_is_the_same_run(simulate):
    logs = [
        simulate("--seed", "7", "--operations", "15", "--log", PYTHONHASHSEED=seed).stdout
        for seed in ("1", "2")
    ]
    without_speed = ["\n".join(each.splitlines()[:-2]) for each in logs]
    assert "deposit" in without_speed[0]
    assert without_speed[0] == without_speed[1]
    assert logs[0].splitlines()[-1] == logs[1].splitlines()[-1]
