"""Operations of migrations that payments don't wait for.

class Migration(migrations.Migration):
    atomic = False
    operations = [AddIndexOnline("device", models.Index(...))]
"""

from __future__ import annotations

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import AddConstraint, AddIndex, RemoveIndex
from django.db.migrations.state import ProjectState
from django.db.utils import NotSupportedError


class Online:
    """On PostgreSQL it is done without a lock that writers wait for, so outside a transaction.

    It can be done again: a run that was cut short leaves an index that isn't valid, and that index
    is dropped first.
    """

    atomic = False


class AddIndexOnline(Online, AddIndex):
    """Add an index while others write."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        drop(schema_editor, self.index.name)
        schema_editor.add_index(model, self.index, **how(schema_editor))

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        drop(schema_editor, self.index.name)


class RemoveIndexOnline(Online, RemoveIndex):
    """Remove an index while others write."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        assert self.name
        drop(schema_editor, self.name)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        index = to_state.models[app_label, self.model_name_lower].get_index_by_name(self.name)
        drop(schema_editor, index.name)
        schema_editor.add_index(model, index, **how(schema_editor))


class AddCheckOnline(Online, AddConstraint):
    """Add a CHECK while others write. New rows meet it immediately, the old ones are read after."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if not how(schema_editor):
            schema_editor.add_constraint(model, self.constraint)
            return
        quote = schema_editor.connection.ops.quote_name
        table, name = quote(model._meta.db_table), quote(self.constraint.name)
        schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
        # The literals are in the SQL already, so its percent signs are no places for parameters.
        sql = str(self.constraint.create_sql(model, schema_editor))
        schema_editor.execute(f"{sql} NOT VALID", params=None)
        schema_editor.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def how(schema_editor: BaseDatabaseSchemaEditor) -> dict[str, Any]:
    """Raises NotSupportedError inside a transaction of PostgreSQL, which doesn't allow it there."""
    if schema_editor.connection.vendor != "postgresql":
        return {}
    if schema_editor.connection.in_atomic_block:
        raise NotSupportedError("Set atomic = False on the migration.")
    return {"concurrently": True}


def drop(schema_editor: BaseDatabaseSchemaEditor, name: str) -> None:
    online = "CONCURRENTLY" if how(schema_editor) else ""
    quoted = schema_editor.connection.ops.quote_name(name)
    schema_editor.execute(f"DROP INDEX {online} IF EXISTS {quoted}")
