"""Several hosts in DATABASE_URL, and the settings of a replica."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from environ import Env
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ledger.models import Transaction
from nissmart.databases import databases
from wallet.db import replica

pytestmark = pytest.mark.any_engine

# pragma: allowlist nextline secret
ONE = "postgres://app:secret@db1:5433/nissmart"


def settings_of(monkeypatch, url: str, replica: str = "") -> dict[str, dict[str, Any]]:
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("REPLICA_URL", replica)
    return databases(Env(), Path("/nowhere"))


@pytest.mark.parametrize(
    ("hosts", "found"),
    [
        ("h1:5433,h2:5434", ("h1,h2", "5433,5434")),
        # libpq's own form. One port would otherwise count for both hosts.
        ("h1,h2:5434", ("h1,h2", "5432,5434")),
        ("h1:5434,h2", ("h1,h2", "5434,5432")),
        ("h1,h2", ("h1,h2", "5432,5432")),
        ("[::1]:5433,10.0.0.2,[fd00::3]", ("::1,10.0.0.2,fd00::3", "5433,5432,5432")),
    ],
)
def test_each_of_several_hosts_keeps_its_own_port(monkeypatch, hosts, found):
    # pragma: allowlist nextline secret
    url = f"postgres://app:p%40%2C%3A%25@{hosts}/nissmart?sslmode=verify-full"
    config = settings_of(monkeypatch, url)["default"]
    assert (config["HOST"], config["PORT"]) == found
    assert (config["USER"], config["PASSWORD"], config["NAME"]) == ("app", "p@,:%", "nissmart")
    options = config["OPTIONS"]
    assert options["target_session_attrs"] == "read-write"
    assert (options["connect_timeout"], options["sslmode"]) == (3, "verify-full")
    line = make_conninfo(host=config["HOST"], port=config["PORT"])
    assert conninfo_to_dict(line) == {"host": found[0], "port": found[1]}


def test_the_url_may_ask_for_other_servers(monkeypatch):
    url = "postgres://app:p@h1,h2/nissmart?target_session_attrs=primary&connect_timeout=2"
    options = settings_of(monkeypatch, url)["default"]["OPTIONS"]
    assert (options["target_session_attrs"], options["connect_timeout"]) == ("primary", 2)


def test_one_host_is_taken_as_it_is(monkeypatch):
    config = settings_of(monkeypatch, ONE)["default"]
    assert (config["HOST"], config["PORT"]) == ("db1", 5433)
    assert "target_session_attrs" not in config["OPTIONS"]


def test_a_replica_only_reads_and_has_no_pooler(monkeypatch):
    monkeypatch.setenv("DATABASE_POOLER", "transaction")
    found = settings_of(monkeypatch, ONE, "postgres://reader:secret@db2,db3/nissmart")
    options = found["replica"]["OPTIONS"]
    assert (options["is_read_only"], options["pooler"]) == (True, "")
    assert options["target_session_attrs"] == "standby"
    assert not found["default"]["OPTIONS"]["is_read_only"]


def test_without_the_setting_there_is_no_replica(monkeypatch):
    assert list(settings_of(monkeypatch, ONE)) == ["default"]
    with replica.reads():
        assert Transaction.objects.all().db == "default"


@pytest.mark.parametrize(
    ("url", "replica_url"),
    [("sqlite:///db.sqlite3", ONE), (ONE, "sqlite:///db.sqlite3")],
)
def test_sqlite_has_no_replica(monkeypatch, url, replica_url):
    with pytest.raises(ImproperlyConfigured, match="SQLite has none"):
        settings_of(monkeypatch, url, replica_url)
