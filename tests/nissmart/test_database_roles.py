"""The application's role on PostgreSQL has the rights that the guards leave it, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from nissmart import rights
from nissmart.backup.programs import parameters
from nissmart.embedded_postgres import APPLICATION, OWNER

EXPECTED = Path(__file__).with_name("rights.txt")
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql" or not settings.DATABASE_OWNER,
        reason="needs the two roles of tests/postgres.py",
    ),
]

ANY_TABLE = [
    "TRUNCATE {table} CASCADE",
    "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "ALTER TABLE {table} ADD COLUMN more integer",
    "ALTER TABLE {table} OWNER TO nissmart_app",
    "DROP TABLE {table} CASCADE",
    "CREATE TRIGGER mine BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "CREATE RULE mine AS ON INSERT TO {table} DO INSTEAD NOTHING",
    "CREATE POLICY mine ON {table}",
]
ELSEWHERE = [
    "DROP TRIGGER ledger_entry_no_update ON ledger_entry",
    "ALTER TABLE ledger_entry DISABLE TRIGGER ledger_entry_sum_zero",
    "ALTER TRIGGER ledger_entry_no_update ON ledger_entry RENAME TO gone",
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$"
    " BEGIN RETURN NEW; END $$",
    "CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "DROP FUNCTION ledger_entries_balance() CASCADE",
    "ALTER FUNCTION ledger_entries_balance() OWNER TO nissmart_app",
    "ALTER FUNCTION wallet_lock_audit() RESET search_path",
    "SET session_replication_role = replica",
    "SELECT set_config('session_replication_role', 'replica', false)",
    f"SET ROLE {OWNER}",
    f"SET SESSION AUTHORIZATION {OWNER}",
    f"GRANT {OWNER} TO {APPLICATION}",
    f"ALTER ROLE {APPLICATION} SUPERUSER",
    f"ALTER ROLE {APPLICATION} CREATEROLE",
    f"ALTER ROLE {OWNER} PASSWORD 'mine'",
    "CREATE ROLE mine",
    "CREATE DATABASE mine",
    "CREATE SCHEMA mine",
    "CREATE TABLE mine (id integer)",
    "CREATE TEMPORARY TABLE ledger_books (id integer, open_from timestamptz)",
    "CREATE EXTENSION dblink",
    "DROP SCHEMA public CASCADE",
    "REASSIGN OWNED BY nissmart_owner TO nissmart_app",
    "ALTER DEFAULT PRIVILEGES FOR ROLE nissmart_owner GRANT ALL ON TABLES TO nissmart_app",
    "ALTER SYSTEM SET fsync = off",
    "COPY ledger_entry TO PROGRAM 'cat'",
    "COPY ledger_entry TO '/tmp/nissmart-entries'",
    "COPY wallet_account FROM PROGRAM 'true'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT setval('ledger_transaction_id_seq', 1)",
    "DO $$ BEGIN EXECUTE 'ALTER TABLE ledger_entry DISABLE TRIGGER USER'; END $$",
    "UPDATE pg_trigger SET tgenabled = 'D'",
    "INSERT INTO django_migrations (app, name, applied) VALUES ('a', 'b', now())",
]


@pytest.fixture
def application() -> Iterator[psycopg.Connection[Any]]:
    """A session that has logged in as the application, as a web server does."""
    login = {"user": APPLICATION, "options": ""}
    with psycopg.connect(**parameters() | login, autocommit=True) as session:
        yield session


def tables() -> dict[str, list[str]]:
    with connection.cursor() as cursor:
        return rights.tables_of(cursor)


def forbidden(table: str, columns: list[str]) -> Iterator[str]:
    """Statements that this table's guards refuse whatever they say."""
    never = rights.refused().get(table, set())
    if "UPDATE" in never:
        yield from (f"UPDATE {table} SET {column} = {column}" for column in columns)
        yield f"SELECT 1 FROM {table} FOR UPDATE"
    for column in rights.fixed_columns(table):
        yield f"UPDATE {table} SET {column} = {column}"
    if "DELETE" in never:
        yield f"DELETE FROM {table}"
    if never >= {"UPDATE", "DELETE"}:
        yield f"DO $$ BEGIN LOCK TABLE {table} IN SHARE MODE; END $$"


def test_no_attack_succeeds(application: psycopg.Connection[Any]) -> None:
    """Each is tried, and the rights are the same afterwards."""
    attacks = list(ELSEWHERE)
    for table, columns in tables().items():
        attacks += [attack.format(table=table) for attack in ANY_TABLE]
        attacks += forbidden(table, columns)
    before = granted()
    tried = {attack: error_of(application, attack) for attack in attacks}
    refused = (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedFile)
    assert [attack for attack, error in tried.items() if not isinstance(error, refused)] == []
    assert len(tried) > 500
    # These only warn.
    application.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {APPLICATION}")
    application.execute("GRANT ALL ON SCHEMA public TO PUBLIC")
    assert granted() == before


def error_of(session: psycopg.Connection[Any], attack: str) -> Exception | None:
    try:
        session.execute(attack)
    except psycopg.Error as error:
        return error
    return None


GRANTED = """
    SELECT relname, privilege_type, '' FROM pg_class, aclexplode(relacl)
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
      AND grantee IN (0, '{role}'::regrole)
    UNION ALL
    SELECT relname, privilege_type, attname
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid, aclexplode(attacl)
    WHERE relnamespace = 'public'::regnamespace AND grantee IN (0, '{role}'::regrole)
    ORDER BY 1, 3"""
ORDER = ["SELECT", "INSERT", "UPDATE", "DELETE"]


def granted() -> list[str]:
    """A line for each table, with the rights of the application as the database has them."""
    found: dict[str, dict[str, list[str]]] = {name: {} for name in tables()}
    with connection.cursor() as cursor:
        cursor.execute(GRANTED.format(role=APPLICATION))
        for table, right, column in cursor.fetchall():
            found[table].setdefault(right, []).append(column)
    return [
        f"{table}: {', '.join(worded(right, by_right[right]) for right in sorted_rights(by_right))}"
        for table, by_right in sorted(found.items())
    ]


def sorted_rights(names: dict[str, list[str]]) -> list[str]:
    return sorted(names, key=lambda name: ORDER.index(name) if name in ORDER else 9)


def worded(right: str, columns: list[str]) -> str:
    return right if columns == [""] else f"{right} ({', '.join(sorted(columns))})"


def test_each_table_has_the_rights_that_were_decided() -> None:
    """A new table fails here. Look at what it would get: does it need guards? Then add its line."""
    decided = EXPECTED.read_text().splitlines()
    found = granted()
    assert [line for line in found if line not in decided] == []
    assert [line for line in decided if line not in found] == []


def test_the_roles_have_no_power_over_others(application: psycopg.Connection[Any]) -> None:
    query = """SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls
               FROM pg_roles WHERE rolname = %s"""
    assert application.execute(query, [APPLICATION]).fetchone() == (False,) * 5
    # The owner may make the scratch database in which a backup is checked; in tests, roles too.
    assert application.execute(query, [OWNER]).fetchone() == (False, True, True, False, False)
    members = "SELECT count(*) FROM pg_auth_members WHERE member = %s::regrole"
    assert application.execute(members, [APPLICATION]).fetchone() == (0,)
    owned = "SELECT count(*) FROM pg_class WHERE relowner = %s::regrole"
    assert application.execute(owned, [APPLICATION]).fetchone() == (0,)


def test_what_someone_gave_on_the_database_is_taken_back(
    application: psycopg.Connection[Any],
) -> None:
    """A temporary table would stand before ours in the triggers."""
    make = "CREATE TEMPORARY TABLE ledger_books (id integer, open_from timestamptz)"
    with connection.cursor() as cursor:
        name = connection.settings_dict["NAME"]
        cursor.execute(f'GRANT ALL ON DATABASE "{name}" TO {APPLICATION}')
    rights.grant(APPLICATION)
    assert isinstance(error_of(application, make), psycopg.errors.InsufficientPrivilege)


def test_rows_of_a_later_table_stay_until_its_rights_are_granted() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE later (id integer)")
        try:
            [line] = [line for line in granted() if line.startswith("later:")]
        finally:
            cursor.execute("DROP TABLE later")
    assert line == "later: SELECT, INSERT"
