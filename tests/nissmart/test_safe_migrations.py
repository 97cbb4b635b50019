"""Migrations that would stop payments, or break the release before, are found (.ci/migrations.py),
and `migrate` waits only a moment for a table, then tries again."""

from __future__ import annotations

import importlib.util
import sqlite3
import threading
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection, models, transaction
from django.db.migrations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    CreateModel,
    Migration,
    RemoveField,
    RenameField,
    RunPython,
)
from django.db.migrations.state import ProjectState
from django.db.models import CheckConstraint, Q, UniqueConstraint

from nissmart.management.commands import migrate
from wallet.db.guards import AUDIT
from wallet.db.migrating import AddCheckOnline, AddIndexOnline, RemoveIndexOnline

SCRIPT = settings.BASE_DIR / ".ci/migrations.py"
INDEX = models.Index(fields=["name"], name="thing_by_name")
ABOVE = CheckConstraint(condition=Q(size__gt=0), name="thing_size")
TABLE = "nissmart_thing"


@pytest.fixture(scope="module")
def linter() -> Any:
    spec = importlib.util.spec_from_file_location("ci_migrations", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def things() -> CreateModel:
    fields = [
        ("id", models.BigAutoField(primary_key=True)),
        ("name", models.CharField(max_length=20)),
        ("size", models.IntegerField(default=1)),
    ]
    return CreateModel("Thing", fields)


def state() -> ProjectState:
    """One table that the release before has."""
    before = ProjectState()
    things().state_forwards("nissmart", before)
    return before


def migration(*operations: Any, **more: Any) -> Migration:
    return type("One", (Migration,), {"operations": list(operations), **more})("0002", "nissmart")


def nothing(apps: object, schema_editor: object) -> None:
    pass


@pytest.mark.any_engine
@pytest.mark.parametrize(
    ("operations", "said"),
    [
        ([AddIndex("thing", INDEX)], "AddIndexOnline"),
        ([AddIndexOnline("thing", INDEX)], "atomic = False"),
        ([AddConstraint("thing", ABOVE)], "AddCheckOnline"),
        ([AddConstraint("thing", UniqueConstraint(fields=["name"], name="x"))], "builds an index"),
        ([AddField("thing", "shape", models.IntegerField(default=0))], "db_default"),
        ([AddField("thing", "shape", models.IntegerField(null=True, db_index=True))], "index"),
        ([AlterField("thing", "size", models.BigIntegerField())], "rewrite the table"),
        ([RemoveField("thing", "size")], "one release after"),
        ([RenameField("thing", "size", "height")], "one release after"),
        ([RunPython(nothing, nothing)], "batches"),
        ([RunPython(nothing)], "no way back"),
    ],
)
def test_an_unsafe_migration_is_found(linter, operations, said):
    found = list(linter.judge(migration(*operations), state()))
    assert any(said in why for _what, why in found), found


@pytest.mark.any_engine
@pytest.mark.parametrize(
    ("operations", "more"),
    [
        ([CreateModel("Other", things().fields), AddIndex("other", INDEX)], {}),
        ([AddIndexOnline("thing", INDEX)], {"atomic": False}),
        ([AddCheckOnline("thing", ABOVE)], {"atomic": False}),
        ([AddField("thing", "shape", models.IntegerField(db_default=0))], {}),
        ([AddField("thing", "shape", models.IntegerField(null=True))], {}),
        ([AlterField("thing", "size", models.IntegerField("how tall", default=2))], {}),
        ([RunPython(AUDIT.install_in_migration, AUDIT.remove_in_migration)], {}),
        ([RemoveField("thing", "size")], {"notes": {"RemoveField": "Unused for a release."}}),
    ],
)
def test_a_safe_migration_passes(linter, operations, more):
    assert not list(linter.judge(migration(*operations, **more), state()))


@pytest.mark.any_engine
def test_a_step_outside_a_transaction_is_alone(linter):
    """If it's cut short and run again, the others would meet their own work."""
    both = migration(AddIndexOnline("thing", INDEX), things(), atomic=False)
    assert [why for _what, why in linter.judge(both, state())] == [linter.REPEATED]


@pytest.fixture
def table(transactional_db):
    before = state()
    model = before.apps.get_model("nissmart", "thing")
    with connection.schema_editor() as editor:
        editor.create_model(model)
    model.objects.create(name="a")
    yield before
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {TABLE}")


@pytest.mark.django_db(transaction=True)
def test_what_is_done_online_can_be_done_twice_and_undone(table):
    def names() -> set[str]:
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, TABLE)
        return {"thing_by_name", "thing_size"} & set(found)

    indexed, checked, after = table.clone(), table.clone(), table.clone()
    add, check = AddIndexOnline("thing", INDEX), AddCheckOnline("thing", ABOVE)
    remove = RemoveIndexOnline("thing", name="thing_by_name")
    add.state_forwards("nissmart", indexed)
    check.state_forwards("nissmart", checked)
    with connection.schema_editor(atomic=False) as editor:
        for _twice in range(2):
            add.database_forwards("nissmart", editor, table, indexed)
        assert names() == {"thing_by_name"}
        for _twice in range(2):
            remove.database_forwards("nissmart", editor, indexed, after)
        assert names() == set()
        remove.database_backwards("nissmart", editor, after, indexed)
        add.database_backwards("nissmart", editor, indexed, table)
        assert names() == set()
    with connection.schema_editor(atomic=False) as editor:
        check.database_forwards("nissmart", editor, table, checked)
    assert names() == {"thing_size"}
    with pytest.raises(Exception, match="thing_size"):
        checked.apps.get_model("nissmart", "thing").objects.create(name="b", size=-1)


@pytest.mark.django_db(transaction=True)
def test_migrate_waits_a_moment_for_a_table_and_tries_again(monkeypatch, capsys, settings):
    """And while it waits no longer than this, those who wait behind it get their turn."""
    settings.MIGRATE_LOCK_TIMEOUT_S = 0.2
    ready, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE django_migrations SET name = name")
            ready.set()
            done.wait(120)
        connection.close()

    def release() -> None:
        done.set()
        holder.join()

    holder = threading.Thread(target=hold)
    monkeypatch.setattr(migrate, "pause", release)
    try:
        holder.start()
        assert ready.wait(10)
        # Its way back changes nothing but the list of what is applied.
        call_command("migrate", "adminpanel", "0022", verbosity=0)
    finally:
        release()
        call_command("migrate", verbosity=0)
    assert "Trying again" in capsys.readouterr().err


@pytest.mark.django_db(transaction=True)
def test_migrate_gives_up_after_some_attempts(monkeypatch, capsys):
    def busy(self: object, *_args: object, **_options: object) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        raise lock_timeout()

    monkeypatch.setattr(migrate, "PAUSE_S", 0)
    monkeypatch.setattr(migrate.migrate.Command, "handle", busy)
    with pytest.raises(OperationalError):
        call_command("migrate")
    said = capsys.readouterr().err
    assert said.count("Trying again") == migrate.ATTEMPTS - 1
    assert "Gave up after 30 attempts" in said


def lock_timeout() -> OperationalError:
    cause = sqlite3.OperationalError("database is locked")
    cause.sqlite_errorcode = sqlite3.SQLITE_BUSY
    error = OperationalError("database is locked")
    error.__cause__ = cause
    return error
