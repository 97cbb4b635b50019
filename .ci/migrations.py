"""Find migrations that would stop payments while they run, or break the release before them.

    .venv/bin/python .ci/migrations.py             each finding: migration, operation, what to do
    .venv/bin/python .ci/migrations.py --release   the migrations that exist now are released

It judges the migrations that .ci/released.txt doesn't list; that file also names the commit of the
release. While a migration runs, and for a while after, the release before it goes on serving. A
finding that is right as it is has a reason in the migration itself:

    class Migration(migrations.Migration):
        notes = {"RemoveField": "The release before this one no longer reads or writes it."}
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RELEASED = ROOT / ".ci/released.txt"
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nissmart.settings")
os.environ.setdefault("DEBUG", "1")

import django  # noqa: E402

django.setup()

from django.core.management import get_commands  # noqa: E402
from django.db import connection, migrations  # noqa: E402
from django.db.migrations.loader import MigrationLoader  # noqa: E402
from django.db.migrations.state import ProjectState  # noqa: E402
from django.db.models import NOT_PROVIDED, CheckConstraint  # noqa: E402

from wallet.db.guards import Guards  # noqa: E402
from wallet.db.migrating import Online  # noqa: E402

APPS = ("wallet", "ledger", "adminpanel")
Operation = migrations.operations.base.Operation
# What the release before would miss.
TAKEN_AWAY = (
    *(migrations.RemoveField, migrations.RenameField, migrations.DeleteModel),
    *(migrations.RenameModel, migrations.AlterModelTable, migrations.AlterUniqueTogether),
)
INDEX = "builds an index while no one can write: use AddIndexOnline of wallet/db/migrating.py"
CHECK = "reads the whole table while no one can write: use AddCheckOnline"
UNIQUE = "builds an index while no one can write: say in a note why it's short"
CONTRACT = "breaks the release before this one: take it away one release after its last use"
NOT_NULL = "the release before this one doesn't fill it in: null=True, or db_default"
REWRITE = "may rewrite the table while no one can use it: add a new column and fill it in batches"
INDEXED = "builds an index while no one can write: add the field without, then AddIndexOnline"
DATA = "says in its note which rows it reads, how many, and in which batches"
NO_WAY_BACK = "has no way back: give it a reverse, or a noop"
ONE_TRANSACTION = "can't be in a transaction: set atomic = False"
REPEATED = "isn't in a transaction with the others: put it into a separate migration"

# Of a field, these are only Django's.
UNSEEN = {
    *("blank", "choices", "editable", "error_messages", "help_text", "limit_choices_to"),
    *("on_delete", "related_name", "related_query_name", "validators", "verbose_name", "default"),
    *("auto_now", "auto_now_add"),
}


def released() -> set[str]:
    lines = RELEASED.read_text().splitlines() if RELEASED.exists() else []
    return {line for line in lines if line and not line.startswith(("#", "commit "))}


def findings() -> Iterator[str]:
    if get_commands()["migrate"] != "nissmart":
        yield "manage.py migrate: isn't ours, which bounds how long it waits for a lock"
    loader = MigrationLoader(connection)
    known = released()
    for (app, name), migration in sorted(loader.disk_migrations.items()):
        if app in APPS and f"{app}.{name}" not in known:
            before = loader.project_state((app, name), at_end=False)
            for what, why in judge(migration, before):
                yield f"{app}.{name}: {what}: {why}"


def judge(migration: migrations.Migration, state: ProjectState) -> Iterator[tuple[str, str]]:
    """The operations of a migration that aren't safe, without those that its notes explain."""
    notes = getattr(migration, "notes", {})
    new = {
        one.name_lower for one in migration.operations if isinstance(one, migrations.CreateModel)
    }
    for operation in migration.operations:
        kind = type(operation).__name__
        if kind not in notes:
            for why in problems(operation, state, new, is_atomic=bool(migration.atomic)):
                yield f"{kind} {subject(operation)}".strip(), why
        operation.state_forwards(migration.app_label, state)


def subject(operation: Operation) -> str:
    model = getattr(operation, "model_name", "") or ""
    name = getattr(operation, "name", "") or ""
    return ".".join(part for part in (model, name) if part)


def problems(
    operation: Operation, state: ProjectState, new: set[str], *, is_atomic: bool
) -> Iterator[str]:
    if isinstance(operation, migrations.SeparateDatabaseAndState):
        for each in operation.database_operations:
            yield from problems(each, state, new, is_atomic=is_atomic)
        return
    if isinstance(operation, Online):
        if is_atomic:
            yield ONE_TRANSACTION
        return
    if isinstance(operation, migrations.RunPython | migrations.RunSQL):
        yield from of_data(operation)
        return
    if not is_atomic and changes_tables(operation):
        yield REPEATED
    model = getattr(operation, "model_name_lower", None)
    if model not in new:
        yield from of_table(operation, state)


def changes_tables(operation: Operation) -> bool:
    is_state = isinstance(operation, migrations.AlterModelOptions | migrations.AlterModelManagers)
    unmanaged = isinstance(operation, migrations.CreateModel) and not operation.options.get(
        "managed", True
    )
    return not (is_state or unmanaged)


def of_data(operation: Operation) -> Iterator[str]:
    if not operation.reversible:
        yield NO_WAY_BACK
    # Triggers are made or dropped in a moment.
    code = getattr(operation, "code", None)
    if not isinstance(getattr(code, "__self__", None), Guards):
        yield DATA


def of_table(operation: Operation, state: ProjectState) -> Iterator[str]:
    """Of an operation on a table that has rows already."""
    if isinstance(operation, TAKEN_AWAY):
        yield CONTRACT
    elif isinstance(operation, migrations.AddIndex | migrations.RemoveIndex):
        yield INDEX
    elif isinstance(operation, migrations.AddConstraint):
        yield CHECK if isinstance(operation.constraint, CheckConstraint) else UNIQUE
    elif isinstance(operation, migrations.AddField):
        yield from of_field(operation.field)
    elif isinstance(operation, migrations.AlterField) and is_altered(operation, state):
        yield REWRITE


def of_field(field: Any) -> Iterator[str]:
    if field.many_to_many:
        return
    if not field.null and field.db_default is NOT_PROVIDED:
        yield NOT_NULL
    if field.db_index or field.unique:
        yield INDEXED


def is_altered(operation: migrations.AlterField, state: ProjectState) -> bool:
    """Does the database see the change? It doesn't see labels and choices."""
    before = [
        model.fields[operation.name]
        for (_app, name), model in state.models.items()
        if name == operation.model_name_lower and operation.name in model.fields
    ]

    def seen(field: Any) -> tuple[Any, ...]:
        _name, path, args, keywords = field.deconstruct()
        return path, args, {key: str(keywords[key]) for key in keywords if key not in UNSEEN}

    return not before or seen(before[0]) != seen(operation.field)


def release() -> None:
    """Write down what is released."""
    done = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loader = MigrationLoader(connection)
    names = sorted(f"{app}.{name}" for app, name in loader.disk_migrations if app in APPS)
    head = "# Written by .ci/migrations.py --release. Migrations after these are judged."
    RELEASED.write_text("\n".join([head, f"commit {done.stdout.strip()}", *names]) + "\n")


if __name__ == "__main__":
    if sys.argv[1:] == ["--release"]:
        release()
        sys.exit(0)
    found = list(findings())
    print(*found, sep="\n", end="\n" if found else "")
    sys.exit(bool(found))
