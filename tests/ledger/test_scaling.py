"""docs/scaling.md lists what stands in the way of partitions. A new one fails until it's listed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent.parent
GUIDE = (ROOT / "docs" / "scaling.md").read_text()
TABLES = ("ledger_transaction", "ledger_entry")

on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has no partitions"
)
# What the guide has a table of: a query for their names in the database.
QUERIES = {
    "Unique keys without the month": """
        SELECT format('%%s(%%s)', indrelid::regclass, (
            SELECT string_agg(attname, ', ' ORDER BY place)
            FROM unnest(indkey::int[]) WITH ORDINALITY AS key (number, place)
            JOIN pg_attribute ON attrelid = indrelid AND attnum = number))
        FROM pg_index WHERE indisunique AND indrelid = ANY(%s::regclass[])
            AND NOT (SELECT attnum FROM pg_attribute
                     WHERE attrelid = indrelid AND attname = 'created_at') = ANY (indkey::int[])""",
    "Foreign keys to them": """
        SELECT format('%%s.%%s', conrelid::regclass, attname)
        FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)
        WHERE contype = 'f' AND confrelid = ANY(%s::regclass[])""",
    "Triggers": """
        SELECT tgname FROM pg_trigger
        WHERE NOT tgisinternal AND tgrelid = ANY(%s::regclass[])""",
    "Sequences": """
        SELECT format('%%s.%%s', attrelid::regclass, attname) FROM pg_attribute
        WHERE attidentity <> '' AND attrelid = ANY(%s::regclass[])""",
}


def listed(heading: str) -> list[str]:
    """The names in the first column of the table under this heading of the guide."""
    found = re.search(rf"^### {re.escape(heading)}\n(.*?)(?=^##|\Z)", GUIDE, re.M | re.S)
    assert found, f"docs/scaling.md has no heading {heading}"
    return sorted(re.findall(r"^\| `([^`]+)` \|", found[1], re.M))


@on_postgresql
@pytest.mark.django_db
@pytest.mark.parametrize("heading", QUERIES)
def test_the_guide_lists_what_partitions_would_change(heading):
    with connection.cursor() as cursor:
        cursor.execute(QUERIES[heading], [list(TABLES)])
        found = sorted(name for (name,) in cursor.fetchall())
    assert listed(heading) == found


@pytest.mark.any_engine
def test_the_guide_lists_the_files_with_sql_about_the_books():
    names = re.compile(rf"\b(?:{'|'.join(TABLES)})\b")
    found = []
    for app in ("wallet", "ledger", "adminpanel", "nissmart"):
        for path in (ROOT / app).rglob("*.py"):
            if "migrations" not in path.parts and names.search(path.read_text()):
                found.append(str(path.relative_to(ROOT)))
    assert listed("Files with SQL") == sorted(found)
