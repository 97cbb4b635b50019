"""`make run RAIL=mpesa` plays M-PESA itself, or says which settings of the real one are missing."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from ledger.rails.mpesa import configuration
from nissmart.embedded_postgres import free_port
from tests.api.support.calls import issue
from tests.factories import UserFactory
from tests.nissmart.test_serve import SERVE, SITE, run

pytestmark = pytest.mark.any_engine

LOCAL = {"SECRET_KEY": "x" * 50, "ALLOWED_HOSTS": "localhost", "HTTPS": "0", "RAIL": "mpesa"}
REAL = SITE | {"RAIL": "mpesa"}
OURS = {"MPESA_BASE_URL": "http://127.0.0.1:8100", "MPESA_CONSUMER_KEY": "key"}


def test_the_settings_it_asks_for_are_those_of_the_rail(serve):
    assert tuple(serve.mpesa.NEEDED) == configuration.NEEDED


@pytest.mark.parametrize(
    ("environ", "is_private", "wants"),
    [
        (LOCAL, True, True),
        (LOCAL | {"MPESA_TIMEOUT_S": "5"}, True, True),
        (LOCAL | {"MPESA_PASSKEY": " "}, True, True),
        # Made-up money for a real site.
        (REAL, False, False),
        (LOCAL | OURS, True, False),
        (LOCAL | {"RAIL": "simulated"}, True, False),
    ],
)
def test_the_simulator_is_for_a_private_site_without_settings(serve, environ, is_private, wants):
    assert serve.mpesa.wants_sandbox(environ, is_private=is_private) is wants


@pytest.mark.parametrize("environ", [REAL, LOCAL | OURS, LOCAL | OURS | {"DEBUG": "1"}])
def test_missing_settings_of_mpesa_are_listed(serve, environ):
    lines = serve.refusal(environ, ["127.0.0.1"]).splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == [
        name for name in configuration.NEEDED if name not in environ
    ]


def test_without_all_of_them_nothing_starts(tmp_path):
    folders = {"DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3", "SANDBOX_DIR": str(tmp_path)}
    done = run(RAIL="mpesa", **OURS, **folders)
    assert "MPESA_CONSUMER_SECRET" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("hosts", "allowed", "host"),
    [
        (["127.0.0.1", "::1"], ["localhost"], "localhost"),
        (["0.0.0.0"], ["*"], "localhost"),
        (["127.0.0.1"], ["nissmart.example", "127.0.0.1"], "127.0.0.1"),
        (["127.0.0.1"], ["nissmart.example"], ""),
        (["192.0.2.7"], ["*"], ""),
    ],
)
def test_the_simulator_reports_to_a_name_that_the_site_answers_to(serve, hosts, allowed, host):
    assert serve.mpesa.callback_host(hosts, allowed) == host


@contextlib.contextmanager
def served(folder: Path, port: int) -> Iterator[list[str]]:
    """`make run RAIL=mpesa` for the block: the lines that say where all is."""
    # On one IP address, so that one web server starts.
    environ = LOCAL | {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "SANDBOX_DIR": str(folder / "sandbox"),
    }
    environ |= {"DATABASE_URL": f"sqlite:///{folder}/db.sqlite3", "LOG_LEVEL": "ERROR"}
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE],
        cwd=settings.BASE_DIR,
        env=environ | {"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        lines: list[str] = []
        while "statement" not in "".join(lines[-1:]):
            line = process.stdout.readline()
            assert line, f"it ended with {process.wait()}"
            lines.append(line.strip())
        yield lines
    finally:
        process.terminate()
        assert process.wait(30) == 0


def reported_payments(folder: Path) -> int:
    """How often M-PESA has asked us about, or reported, the payment for "Rent", once it did."""
    query = "SELECT COUNT(*) FROM ledger_railevent WHERE kind LIKE 'c2b-%' AND body LIKE '%Rent%'"
    with contextlib.closing(sqlite3.connect(folder / "db.sqlite3")) as database:
        for _ in range(100):
            if found := database.execute(query).fetchone()[0]:
                return int(found)
            time.sleep(0.1)
    return 0


def ask(url: str, body: object = None, token: str = "") -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers | {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or b"null")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="copies the database's file")
def test_a_deposit_is_asked_for_on_the_phone_and_credited(tmp_path):
    member, port = UserFactory(phone="+254712000001"), free_port()
    token = issue(UserFactory(), "service")
    with contextlib.closing(sqlite3.connect(tmp_path / "db.sqlite3")) as copy:
        connection.connection.backup(copy)
    site = f"http://localhost:{port}"
    with served(tmp_path, port) as lines:
        assert any(line.startswith(f"Nissmart is at {site}") for line in lines)
        where = {line.split()[0]: line.split()[-1] for line in lines if "http://127" in line}
        simulator = where["phones"].removesuffix("/phone/")
        ask(f"{simulator}/_sim/phones/254712000001", {"action": "pin"})
        order = {"user_id": member.pk, "amount_cents": 1_500_00}
        asked = ask(f"{site}/api/deposit", order, token)
        assert asked["status"] == "PENDING"
        for _ in range(100):
            if ask(f"{site}/api/balance/{member.pk}", token=token)["balance_cents"]:
                break
            time.sleep(0.1)
        assert ask(f"{site}/api/balance/{member.pk}", token=token)["balance_cents"] == 1_500_00
        [paid] = ask(where["book"])
        assert (paid["kind"], paid["amount"], paid["phone"]) == ("stk", 1500, "254712000001")
        ask(f"{simulator}/_sim/phones/254712000001/pay", {"account": "Rent", "amount": 100})
        assert reported_payments(tmp_path)
    with pytest.raises(OSError, match="refused"):
        ask(where["book"])
