"""Read and write rows with raw SQL, for tests that attack the database itself."""

from typing import Any

from django.db import connection, models


def columns(model: type[models.Model]) -> list[str]:
    return [field.column for field in model._meta.concrete_fields]


def stored(row: models.Model) -> dict[str, Any]:
    """The row as the database holds it."""
    names = columns(type(row))
    with connection.cursor() as cursor:
        table = row._meta.db_table
        cursor.execute(f"SELECT {', '.join(names)} FROM {table} WHERE id = %s", [row.pk])
        return dict(zip(names, cursor.fetchone(), strict=True))


def insert(table: str, *rows: dict[str, Any], verb: str = "INSERT INTO", suffix: str = "") -> None:
    """Insert the rows in one statement. They all have the same columns."""
    row = ", ".join(["%s"] * len(rows[0]))
    values = ", ".join([f"({row})"] * len(rows))
    sql = f"{verb} {table} ({', '.join(rows[0])}) VALUES {values} {suffix}"
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for row in rows for value in row.values()])
