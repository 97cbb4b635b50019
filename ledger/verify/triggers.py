"""The SQL of the check that all triggers are in force, as migrations install them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import reduce
from operator import or_

from ledger.verify.statements import text
from wallet.db.guards import INSTALLED, Guards


def values(rows: Iterable[tuple[str, ...]]) -> str:
    """A VALUES list of text rows."""
    return "VALUES " + ", ".join(f"({', '.join(map(text, row))})" for row in rows)


def strip_space(source: str) -> str:
    """Drop white space, so that a change of indentation isn't a difference."""
    return "".join(source.split())


# What PostgreSQL adds when it prints a trigger: casts, space and parentheses.
ADDED = r"::(text|character varying)(\[\])?|[\s()]"


def normalize(trigger: str) -> str:
    """Our text of a trigger as PostgreSQL prints it, without what it adds."""
    either = re.sub(r"IN \(([^)]*)\)", r"= ANY (ARRAY[\1])", trigger)
    return re.sub(ADDED, "", either.lower())


def guards(engine: str) -> str:
    """SQL that finds the triggers that are missing, disabled or different from ours."""
    wanted = reduce(or_, INSTALLED)
    return guards_of_sqlite(wanted) if engine == "sqlite" else guards_of_postgresql(wanted)


def guards_of_sqlite(wanted: Guards) -> str:
    triggers = {name: f"CREATE TRIGGER {name} {body}" for name, body in wanted.sqlite.items()}
    return f"""
        WITH wanted (name, source) AS (
            {values((name, strip_space(source)) for name, source in triggers.items())})
        SELECT name FROM wanted WHERE NOT EXISTS (
            SELECT 1 FROM sqlite_master found
            WHERE found.type = 'trigger' AND found.name = wanted.name
              AND replace(replace(found.sql, char(10), ''), ' ', '') = source)
        ORDER BY name"""


def guards_of_postgresql(wanted: Guards) -> str:
    triggers = (
        (table, name, normalize(f"CREATE TRIGGER {name} {body}"))
        for (table, name), body in wanted.postgresql.items()
    )
    functions = re.findall(
        r"REPLACE FUNCTION (\w+)\(.*?\$\$(.*?)\$\$", "".join(wanted.functions), re.DOTALL
    )
    return f"""
        WITH wanted (owner, name, source) AS ({values(triggers)}),
        function (name, body) AS ({values((name, strip_space(body)) for name, body in functions)})
        SELECT name FROM wanted WHERE NOT EXISTS (
            SELECT 1 FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
            JOIN function ON function.name = proname
                         AND function.body = regexp_replace(prosrc, '\\s', '', 'g')
            WHERE tgname = wanted.name AND tgrelid = to_regclass(owner)
              AND tgenabled IN ('O', 'A')
              AND regexp_replace(lower(pg_get_triggerdef(pg_trigger.oid, true)),
                                 '{ADDED}', '', 'g') = source)
        ORDER BY name"""
