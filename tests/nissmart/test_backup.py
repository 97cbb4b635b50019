"""`manage.py backup` and `restore`: online, whole or not at all, checked, and only into an empty
database. The long version under load is tests/proof/prove_recovery.py."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import StringIO
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from ledger.models import Entry, Transaction
from nissmart.backup import manifest, operations, programs
from nissmart.owner import connected_to
from tests.books import assert_books_right
from tests.factories import funded, send
from wallet.db.retries import committed
from wallet.errors import Busy
from wallet.models import User

IS_SQLITE = connection.vendor == "sqlite"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.application]


@pytest.fixture
def senders(alice: User, bob: User, carol: User) -> list[User]:
    return [alice, *(funded(one, 1_000_00) for one in (bob, carol))]


def run(name: str, *arguments: object) -> str:
    output = StringIO()
    call_command(name, *map(str, arguments), stdout=output)
    return output.getvalue()


@contextmanager
def empty_database(place: Path) -> Iterator[None]:
    """During the block the default connection is to an empty database beside the test's."""
    if IS_SQLITE:
        with connected_to({"NAME": str(place / "restored.sqlite3")}):
            yield
        return
    name = f"{connection.settings_dict['NAME']}_restored"
    owner = programs.parameters("postgres") | {"options": ""}
    with psycopg.connect(**owner, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            with connected_to({"NAME": name}):
                yield
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def transfers(people: list[User], clients: int = 4) -> Iterator[list[str]]:
    """Clients that send money during the block. Yields the references that were confirmed."""
    done, over = list[str](), Event()

    def keep_sending(number: int) -> None:
        try:
            while not over.is_set():
                source, target = people[number % 3], people[(number + 1) % 3]
                try:
                    done.append(send(source, target, 1).reference)
                except Busy:
                    continue
        finally:
            connection.close()

    threads = [Thread(target=keep_sending, args=[number]) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield done
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_backups_under_load_hold_what_was_confirmed_before_and_restore(senders, tmp_path):
    with transfers(senders) as confirmed:
        for number in range(2):
            before = len(confirmed)
            while len(confirmed) < before + 5:
                pass
            known = set(confirmed)
            said = run("backup", tmp_path / f"{number}.backup")
    assert_books_right()
    path = tmp_path / "1.backup"
    made = manifest.read(path)
    assert made
    assert made.is_verified
    assert made.sha256 in said
    assert f"{made.facts.transactions:,} transactions, the newest {made.facts.newest}" in said
    assert path.stat().st_mode & 0o777 == 0o600
    # Only the two backups and their manifests: no part file, no log.
    assert len(list(tmp_path.iterdir())) == 4
    with empty_database(tmp_path):
        assert str(made.facts) in run("restore", path)
        assert known <= set(Transaction.objects.values_list("reference", flat=True))
        assert_books_right()
        # The restored triggers refuse, and the restored rights let the application work.
        send(*senders[:2], 1)
        with pytest.raises(Exception, match=r"never changed|permission denied"):
            Entry.objects.update(amount_cents=0)
        with pytest.raises(CommandError, match="isn't empty"):
            run("restore", path)


def test_a_backup_never_replaces_a_file(tmp_path, senders):
    path = tmp_path / "x.backup"
    path.write_text("kept")
    with pytest.raises(CommandError, match="exists already"):
        run("backup", path)
    assert path.read_text() == "kept"


def test_what_cannot_be_restored_is_refused_before_anything_is_written(senders, tmp_path):
    path = tmp_path / "x.backup"
    run("backup", path)
    beside = manifest.path_beside(path)
    facts = json.loads(beside.read_text())
    changed = path.with_name("changed.backup")
    shutil.copy(path, changed)
    with changed.open("ab") as file:
        file.write(b"x")
    shutil.copy(beside, manifest.path_beside(changed))
    newer = facts | {"facts": facts["facts"] | {"migrations": ["wallet.9999_later"]}}
    with empty_database(tmp_path):
        for given, why in (
            (changed, "SHA-256 differs"),
            (tmp_path / "missing", "no file"),
            (beside, "no backup"),
        ):
            with pytest.raises(CommandError, match=why):
                run("restore", given)
        beside.write_text(json.dumps(newer))
        with pytest.raises(CommandError, match=r"newer release.*wallet\.9999_later"):
            run("restore", path)
        if not IS_SQLITE:
            beside.write_text(json.dumps(facts | {"server": "99.1"}))
            with pytest.raises(CommandError, match=r"PostgreSQL 99\.1.*same major version"):
                run("restore", path)
        beside.write_text(json.dumps(facts))
        run("restore", path)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for 64 kB."""
    if os.geteuid():
        pytest.skip("ONLY ROOT CAN MAKE A SMALL DISK: the full disk isn't tested")
    command = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=755", "tmpfs", str(tmp_path)]
    if subprocess.run(command, check=False).returncode:
        pytest.skip("MOUNT IS FORBIDDEN HERE: the full disk isn't tested")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def test_on_a_full_disk_nothing_is_left_but_a_sentence(senders, small_disk):
    with pytest.raises(CommandError, match=r"The disk is full: .* was not written"):
        run("backup", small_disk / "x.backup")
    assert list(small_disk.iterdir()) == []


def test_a_backup_of_wrong_books_says_so(senders, tmp_path):
    """It's kept: it may be all there is."""
    tamper()
    path = tmp_path / "x.backup"
    with pytest.raises(CommandError, match=r"isn't verified\. Its books don't balance"):
        run("backup", path)
    made = manifest.read(path)
    assert made
    assert not made.is_verified


@committed
def tamper() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE wallet_account SET balance_cents = balance_cents + 1 WHERE id > 0")


@pytest.mark.skipif(IS_SQLITE, reason="PostgreSQL's programs")
def test_no_password_is_on_a_command_line(monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "s3cret")
    said = programs.run(["sh", "-c", 'echo "$0 $* $PGPASSWORD"'], programs.parameters())
    assert said.stdout.split() == ["--no-password", "s3cret"]


@pytest.mark.skipif(IS_SQLITE, reason="SQLite needs no role")
def test_without_the_right_to_check_the_backup_is_there_and_unverified(senders, tmp_path):
    """As the application, which may not create a scratch database."""
    application = {"OPTIONS": connection.settings_dict["OPTIONS"] | {"assume_role": "nissmart_app"}}
    path = tmp_path / "x.backup"
    with pytest.MonkeyPatch.context() as patch, connected_to(application):
        patch.setattr(operations, "as_owner", lambda: connected_to({}))
        with pytest.raises(CommandError, match=r"isn't verified\..*CREATEDB.*--verify-url"):
            run("backup", path)
        # Another server where it may, named by a database there.
        elsewhere = "postgres://{user}@{host}:{port}/postgres".format(**programs.parameters())
        said = run("backup", tmp_path / "y.backup", "--verify-url", elsewhere)
    assert path.stat().st_size
    assert "Verified" in said


@pytest.mark.skipif(not IS_SQLITE, reason="SQLite's one file")
def test_the_copy_of_sqlite_is_one_file_without_a_log(senders, tmp_path):
    run("backup", tmp_path / "x.backup")
    with closing(sqlite3.connect(f"file:{tmp_path / 'x.backup'}?mode=ro", uri=True)) as copied:
        assert copied.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert copied.execute("PRAGMA integrity_check").fetchone() == ("ok",)
