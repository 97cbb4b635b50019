"""With REPLICA_URL, exports and reports read from the replica, and nothing about money does."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from ledger.models import Transaction
from tests.adminpanel.test_ledger_export import export
from tests.api.support.calls import by_token, order, path_of
from tests.factories import UserFactory, balance, send
from tests.standby import Copy, copy
from wallet.db import replica
from wallet.db.replica import REPLICA
from wallet.db.retries import sqlstate

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", REPLICA]),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no replica"),
]


@pytest.fixture(scope="module")
def standby(django_db_setup: None) -> Iterator[Copy]:
    """A standby of the server that the tests run on."""
    with tempfile.TemporaryDirectory(prefix="nissmart-") as folder:
        place = Path(folder)
        place.chmod(0o755)
        with copy(source_of(connection), place / "standby", follows=True) as made:
            yield made


def source_of(database: BaseDatabaseWrapper) -> dict[str, Any]:
    """How to connect to the server that the tests run on."""
    given = database.settings_dict
    found = {"host": given["HOST"], "port": given["PORT"], "user": given["USER"]}
    return found | {"dbname": given["NAME"]}


@pytest.fixture(scope="module", autouse=True)
def alias(standby: Copy) -> Iterator[None]:
    """The alias of the replica, before Django looks which databases a test may use."""
    config = deepcopy(connection.settings_dict) | {"PORT": standby.port}
    config["OPTIONS"]["is_read_only"] = True
    connections.settings[REPLICA] = config
    yield
    del connections[REPLICA]
    del connections.settings[REPLICA]


@pytest.fixture(autouse=True)
def at_first(standby: Copy, settings) -> Iterator[None]:
    settings.REPLICA_LAG_S = 5
    replica.health = replica.Health()
    yield
    use(standby.port)


def use(port: int | str) -> None:
    """Make the server at this port the replica."""
    connections[REPLICA].close()
    connections[REPLICA].settings_dict["PORT"] = port


@contextmanager
def watch() -> Iterator[dict[str, list[str]]]:
    """The statements of each database."""
    found: dict[str, list[str]] = {"default": [], REPLICA: []}

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found[context["connection"].alias].append(sql)
        return execute(sql, params, many, context)

    with ExitStack() as stack:
        for alias in found:
            stack.enter_context(connections[alias].execute_wrapper(note))
        yield found


def reads_ledger(statements: list[str]) -> int:
    return sum('FROM "ledger_transaction"' in one for one in statements)


def test_reports_read_from_the_replica_and_money_does_not(as_finance, alice, bob):
    program = by_token(UserFactory(name="Payroll Program"), "service")
    with watch() as seen:
        answer = program.post(path_of("transfer"), order("transfer", alice.pk, bob.pk), "one")
    assert answer.status_code == 201
    assert seen[REPLICA] == []

    with watch() as seen:
        rows = export(as_finance)
    # It has what was committed a moment before, and the audit is on the primary.
    assert answer.json()["reference"] in [row["reference"] for row in rows]
    assert reads_ledger(seen[REPLICA]) == 2  # the count, and the rows
    assert not any("balance_after" in one or "INSERT" in one for one in seen[REPLICA])
    assert any("wallet_auditevent" in one for one in seen["default"])

    with watch() as seen:
        assert as_finance.get("/panel/reports/").status_code == 200
    assert any("ledger_dailytotal" in one for one in seen[REPLICA])

    # What reads inside a transaction decides by it. Rows are made, not used, on the replica.
    with replica.reads(), transaction.atomic():
        assert Transaction.objects.all().db == "default"
    for _row in replica.each([1, 2]):
        assert Transaction.objects.all().db == "default"
    assert [Transaction.objects.all().db for _row in replica.each([1])] == ["default"]


def test_the_replica_takes_no_write(standby, alice):
    sql = "UPDATE wallet_account SET balance_cents = 1"
    for port in (standby.port, connection.settings_dict["PORT"]):
        # Not even when the setting names the primary by mistake.
        use(port)
        with pytest.raises(DatabaseError) as refusal, connections[REPLICA].cursor() as cursor:
            cursor.execute(sql)
        assert sqlstate(refusal.value) == "25006"
    # A primary isn't a replica, or no longer the one that it was.
    assert replica.choose_alias() == "default"
    assert balance(alice) == 1_000_00


def test_the_primary_answers_for_a_replica_that_is_behind_or_down(
    standby, as_finance, alice, bob, settings, caplog
):
    settings.REPLICA_LAG_S = 0.1
    standby.ask("SELECT pg_wal_replay_pause()")
    try:
        record = send(alice, bob, 500)
        for _each in range(2):
            assert export(as_finance)[0]["reference"] == record.reference
        said = [one for one in caplog.messages if "the primary answers" in one]
        assert said == ["the primary answers for the replica: it is more than 0.1 s behind"]
    finally:
        standby.ask("SELECT pg_wal_replay_resume()")
    replica.health.failed_at = None
    settings.REPLICA_LAG_S = 5
    assert replica.choose_alias() == REPLICA
    assert "the replica is back" in caplog.messages

    use(1)
    assert export(as_finance)[0]["reference"] == record.reference
    assert replica.health.is_left_alone()
