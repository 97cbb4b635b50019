"""What the application's role may do with each table (PostgreSQL).

It follows from the guards, so there is no second list: what a trigger refuses for every row of a
table isn't granted, and of columns that never change no update is granted. A table without guards
gets all four rights. `manage.py migrate` grants them again each time, as the owner of the tables.
"""

from __future__ import annotations

import re
from functools import reduce
from operator import or_

from django.db import connection
from django.db.backends.utils import CursorWrapper

from wallet.db.guards import INSTALLED

# A trigger that refuses such statements whatever they say: "BEFORE DELETE OR TRUNCATE ON x ...".
REFUSES = re.compile(
    r"BEFORE ([A-Z ]+) ON (\w+) FOR EACH STATEMENT\s+EXECUTE FUNCTION refuse_change"
)
# Only migrations write these.
READ_ONLY = frozenset({"django_migrations", "django_content_type", "auth_permission"})

# No stranger's function or table may stand before ours, also in databases that are older than
# PostgreSQL 15, where every role may create in `public`.
CLOSE_SCHEMA = """
    REVOKE ALL ON DATABASE {database} FROM PUBLIC, {role};
    GRANT CONNECT ON DATABASE {database} TO {role};
    REVOKE ALL ON SCHEMA public FROM PUBLIC, {role};
    GRANT USAGE ON SCHEMA public TO {role};
    REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {role};
    REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, {role};
    GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {role};
    ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO {role};
    ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role};
"""
TABLES = """
    SELECT relname, array_agg(attname ORDER BY attname)
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') GROUP BY relname"""


def refused() -> dict[str, set[str]]:
    """By table, the kinds of statements that its guards always refuse."""
    found: dict[str, set[str]] = {}
    for body in reduce(or_, INSTALLED).postgresql.values():
        if match := REFUSES.search(body):
            found.setdefault(match[2], set()).update(match[1].split(" OR "))
    return found


def fixed_columns(table: str) -> tuple[str, ...]:
    """The columns of a table that never change."""
    return tuple(reduce(or_, INSTALLED).fixed.get(table, ()))


def rights_on(table: str, columns: list[str]) -> str:
    """The rights on a table with these columns, as GRANT takes them."""
    if table in READ_ONLY:
        return "SELECT"
    never = refused().get(table, set())
    fixed = fixed_columns(table)
    rights = ["SELECT", "INSERT"]
    if "UPDATE" not in never:
        changing = ", ".join(f'"{name}"' for name in sorted(columns) if name not in fixed)
        rights.append(f"UPDATE ({changing})" if fixed else "UPDATE")
    if "DELETE" not in never:
        rights.append("DELETE")
    return ", ".join(rights)


def grant(role: str) -> int:
    """Give the role its rights and no others, on all tables there are. Returns how many.

    In one transaction, so that a running application notices nothing.
    """
    quote = connection.ops.quote_name
    names = {"role": quote(role), "database": quote(connection.settings_dict["NAME"])}
    with connection.cursor() as cursor:
        tables = tables_of(cursor)
        statements = [CLOSE_SCHEMA.format(**names)]
        statements += [
            f"GRANT {rights_on(table, columns)} ON {quote(table)} TO {quote(role)}"
            for table, columns in tables.items()
        ]
        cursor.execute("BEGIN; " + "; ".join(statements) + "; COMMIT")
    return len(tables)


def tables_of(cursor: CursorWrapper) -> dict[str, list[str]]:
    """The tables of the database, each with its columns."""
    cursor.execute(TABLES)
    return dict(cursor.fetchall())
