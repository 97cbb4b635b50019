"""Append-only tables: database triggers refuse to change or delete their rows.

INSERT OR REPLACE deletes on SQLite without firing the delete trigger, and TRUNCATE does on
PostgreSQL, so each has its own guard. Migrations install the guards. After you change a guard,
add a migration that installs it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

REFUSE = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""


@dataclass(frozen=True, slots=True)
class Guards:
    """Triggers by name: the SQL that follows the name in CREATE TRIGGER, for each engine.

    PostgreSQL names a trigger per table, and its triggers call `functions`. `fixed` names columns
    that never change, by table. The rights of the application's role follow from all of these
    (`nissmart/rights.py`).
    """

    sqlite: Mapping[str, str] = field(default_factory=dict)
    postgresql: Mapping[tuple[str, str], str] = field(default_factory=dict)
    functions: tuple[str, ...] = (REFUSE,)
    fixed: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __or__(self, other: Guards) -> Guards:
        return Guards(
            {**self.sqlite, **other.sqlite},
            {**self.postgresql, **other.postgresql},
            tuple(dict.fromkeys(self.functions + other.functions)),
            {
                table: (*self.fixed.get(table, ()), *other.fixed.get(table, ()))
                for table in {**self.fixed, **other.fixed}
            },
        )

    def install(self, connection: BaseDatabaseWrapper) -> None:
        """Create the triggers, replacing older ones of the same names."""
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                for function in self.functions:
                    cursor.execute(function)
                for (_table, name), body in self.postgresql.items():
                    cursor.execute(f"CREATE OR REPLACE TRIGGER {name} {body}")
                return
            for name, body in self.sqlite.items():
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
                cursor.execute(f"CREATE TRIGGER {name} {body}")

    def remove(self, connection: BaseDatabaseWrapper) -> None:
        """Drop the triggers, to empty a test database or to migrate back."""
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                for table, name in self.postgresql:
                    cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
                return
            for name in self.sqlite:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")

    def install_in_migration(self, apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
        self.install(schema_editor.connection)

    def remove_in_migration(self, apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
        self.remove(schema_editor.connection)


def append_only(
    table: str,
    *,
    changed: str,
    deleted: str,
    replaced: str,
    unique: Sequence[str | tuple[str, ...]] = (),
) -> Guards:
    """Guards for an append-only table, with the error message of each.

    `unique` names its unique columns apart from the id, or several that are unique together:
    INSERT OR REPLACE deletes the row that has the same value in any of them.
    """
    is_same = " OR ".join(is_repeated(names) for names in ("id", *unique))
    return Guards(
        sqlite={
            f"{table}_no_update": f"""
        BEFORE UPDATE ON {table}
        BEGIN SELECT RAISE(ABORT, '{changed}'); END""",
            f"{table}_no_delete": f"""
        BEFORE DELETE ON {table}
        BEGIN SELECT RAISE(ABORT, '{deleted}'); END""",
            f"{table}_no_replace": f"""
        BEFORE INSERT ON {table}
        WHEN EXISTS (SELECT 1 FROM {table} WHERE {is_same})
        BEGIN SELECT RAISE(ABORT, '{replaced}'); END""",
        },
        postgresql={
            (table, f"{table}_no_update"): f"""
        BEFORE UPDATE ON {table} FOR EACH STATEMENT
        EXECUTE FUNCTION refuse_change('{changed}')""",
            (table, f"{table}_no_delete"): f"""
        BEFORE DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT
        EXECUTE FUNCTION refuse_change('{deleted}')""",
        },
    )


def never_deleted(table: str, *, deleted: str, replaced: str, same: str = "") -> Guards:
    """Rows are never deleted. Updates are the business of the table's other guards.

    `same` selects the rows that INSERT OR REPLACE would delete; by default, the one of the same id.
    """
    same = same or f"SELECT 1 FROM {table} WHERE id = NEW.id"
    return Guards(
        sqlite={
            f"{table}_no_delete": f"""
            BEFORE DELETE ON {table}
            BEGIN SELECT RAISE(ABORT, '{deleted}'); END""",
            f"{table}_no_replace": f"""
            BEFORE INSERT ON {table}
            WHEN EXISTS ({same})
            BEGIN SELECT RAISE(ABORT, '{replaced}'); END""",
        },
        postgresql={
            (table, f"{table}_no_delete"): f"""
            BEFORE DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT
            EXECUTE FUNCTION refuse_change('{deleted}')""",
        },
    )


def is_repeated(names: str | tuple[str, ...]) -> str:
    """SQL: a row has the new row's value in this column, or in all of these."""
    columns = (names,) if isinstance(names, str) else names
    same = " AND ".join(f"{name} = NEW.{name}" for name in columns)
    return same if len(columns) == 1 else f"({same})"


# A lock on a whole table needs the right to change its rows, which the application's role hasn't.
# So it asks for this one lock by a function of the owner.
LOCK_AUDIT = """
CREATE OR REPLACE FUNCTION wallet_lock_audit() RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    LOCK TABLE public.wallet_auditevent IN SHARE MODE;
END $$;
REVOKE ALL ON FUNCTION wallet_lock_audit() FROM PUBLIC;
"""

AUDIT = append_only(
    "wallet_auditevent",
    changed="the audit is never changed",
    deleted="the audit is never deleted",
    replaced="the audit is never replaced",
) | Guards(functions=(LOCK_AUDIT,))

# All guards that migrations install. Each app adds its own in `ready`; `verify` checks them.
INSTALLED = [AUDIT]
