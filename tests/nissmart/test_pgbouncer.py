"""Behind PgBouncer the product works in session and transaction mode, or says what is missing.

Uses a real PgBouncer, if the machine has one (on Debian and Ubuntu: apt install pgbouncer).
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from nissmart.backup.programs import parameters
from nissmart.embedded_postgres import NAME
from nissmart.owner import role_of
from tests.books import assert_books_right
from tests.factories import UserFactory, account_id, balance, funded
from tests.postgres import free_port
from wallet.models import User

ROOT = Path(__file__).parents[2]
PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/sbin")
START_TIMEOUT_S = 20

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.application,
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="PgBouncer works only with PostgreSQL"
    ),
]

CONFIG = """
[databases]
{name} = host={host} port={port} user={user} dbname={name}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = any
auth_file =
pool_mode = {mode}
default_pool_size = 2
logfile = {log}
"""

# In transaction mode it runs with more threads than PgBouncer has connections.
ORDERS = """
import sys
from threading import Thread
from django.db import connection
from ledger import operations
from ledger.models import Transaction
from wallet.context import Context
source, target, actor, threads, orders = map(int, sys.argv[1:])
def send(number):
    for each in range(orders):
        context = Context(actor, key=f"{number} {each}")
        operations.transfer(context, source_id=source, target_id=target, amount_cents=100)
        list(Transaction.objects.filter(pk__gt=each).iterator(chunk_size=2))
    connection.close()
threads = [Thread(target=send, args=[number]) for number in range(threads)]
for thread in threads: thread.start()
for thread in threads: thread.join()
with connection.cursor() as cursor:
    for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
        print(cursor.execute(f"SHOW {name}").fetchone()[0])
"""


@contextmanager
def pgbouncer(mode: str, place: Path) -> Iterator[str]:
    """Run PgBouncer in front of the test database during the block. Yields its DATABASE_URL."""
    if PGBOUNCER is None:
        warnings.warn("PgBouncer is NOT tested: the machine has none.", stacklevel=1)
        pytest.skip("PgBouncer isn't installed (apt install pgbouncer)")
    database, port = connection.settings_dict, free_port()
    names = {"name": database["NAME"], "host": database["HOST"], "port": database["PORT"]}
    names |= {"user": role_of(database), "own_port": port, "mode": mode, "log": place / "log"}
    config = place / "pgbouncer.ini"
    config.write_text(CONFIG.format(**names))
    command: list[str | Path] = [PGBOUNCER, config]
    if os.geteuid() == 0:
        command[1:1] = ["-u", "nobody"]
        nobody = pwd.getpwnam("nobody")
        for path in (place, config):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        for parent in place.parents[:2]:
            parent.chmod(0o755)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"postgres://{role_of(database)}@127.0.0.1:{port}/{database['NAME']}"
    try:
        wait_until_ready(url, process, place / "log")
        yield url
    finally:
        process.terminate()
        process.wait(10)


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(log.read_text() if log.exists() else "no log") from None
            time.sleep(0.1)
        else:
            return


def run(url: str, pooler: str, program: str, *arguments: int) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"DATABASE_URL": url, "DEBUG": "0", "SECRET_KEY": "only-for-tests"}
    environ |= {"DATABASE_POOLER": pooler, "DJANGO_SETTINGS_MODULE": "nissmart.settings"}
    command = [sys.executable, "-c", f"import django; django.setup()\n{program}"]
    return subprocess.run(
        [*command, *map(str, arguments)],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def role_timeouts() -> Iterator[None]:
    """Set the timeouts that transaction mode requires, as its message says."""
    user = role_of(connection.settings_dict)
    timeouts = {"lock_timeout": "1500ms", "statement_timeout": "15s"}
    timeouts["idle_in_transaction_session_timeout"] = "30s"
    superuser = parameters() | {"user": NAME, "options": ""}
    with psycopg.connect(**superuser, autocommit=True) as session:
        for name, value in timeouts.items():
            session.execute(f"ALTER ROLE {user} SET {name} = '{value}'")
        yield
        session.execute(f"ALTER ROLE {user} RESET ALL")


@pytest.fixture
def members(db) -> list[User]:
    return [funded(UserFactory(), 100_00), funded(UserFactory(), 100_00)]


def assert_orders_work(url: str, pooler: str, members: list[User], threads: int) -> None:
    source, target = members
    ids = (account_id(source), account_id(target), source.pk)
    done = run(url, pooler, ORDERS, *ids, threads, 48 // threads)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1500ms", "15s", "30s"]
    assert (balance(source), balance(target)) == (52_00, 148_00)
    assert_books_right()


def test_orders_work_in_session_mode(members, tmp_path):
    """Each client keeps a connection, so it needs a connection for each thread."""
    with pgbouncer("session", tmp_path) as url:
        assert_orders_work(url, "session", members, threads=1)


def test_orders_work_in_transaction_mode(members, tmp_path, role_timeouts):
    with pgbouncer("transaction", tmp_path) as url:
        assert_orders_work(url, "transaction", members, threads=6)


def test_transaction_mode_without_role_timeouts_is_refused(db, tmp_path):
    with pgbouncer("transaction", tmp_path) as url:
        answer = run(url, "transaction", "from wallet.models import User; User.objects.count()")
    assert answer.returncode == 1
    assert "ALTER ROLE CURRENT_USER SET lock_timeout = '1500ms';" in answer.stderr
    assert "ALTER ROLE CURRENT_USER SET statement_timeout = '15000ms';" in answer.stderr


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_a_pooler_without_the_setting_is_refused(db, tmp_path, mode):
    with pgbouncer(mode, tmp_path) as url:
        answer = run(url, "", "from wallet.models import User; User.objects.count()")
    assert answer.returncode == 1
    assert "Set DATABASE_POOLER to its pool_mode: `session` or `transaction`" in answer.stderr
    assert "ImproperlyConfigured" in answer.stderr


def test_readyz_gives_the_reason(client, monkeypatch):
    def refuse(*_arguments: object) -> None:
        raise ImproperlyConfigured("Set DATABASE_POOLER.")

    monkeypatch.setattr("nissmart.views.MigrationExecutor", refuse)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "Set DATABASE_POOLER.\n")
