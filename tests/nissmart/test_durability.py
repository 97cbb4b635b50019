"""What the product asks of SQLite. The tests' own settings ask for less, so read its own."""

from pathlib import Path

import pytest
from environ import Env

from nissmart.databases import database

pytestmark = pytest.mark.any_engine


def test_sqlite_waits_for_the_disk_at_each_commit(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "sqlite:///db.sqlite3")
    options = database(Env(), Path("/nowhere"))["OPTIONS"]
    assert "PRAGMA synchronous=FULL" in options["init_command"]
