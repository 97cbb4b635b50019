"""verify_ledger passes correct books, and names each wrong row in others."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from io import StringIO
from threading import Event, Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from ledger import account_days, guards, operations, rollups, verify
from ledger.models import Entry, HouseBalance, Transaction
from ledger.models.tariffs import Purpose
from ledger.querysets import nairobi_day
from tests.factories import UserFactory, account_id, deposit, funded, new_key, send, withdraw
from tests.ledger.support.prices import price
from tests.ledger.support.tampers import TAMPERS
from tests.tampering import payout, unguarded, violations, violations_after
from wallet.context import Context
from wallet.models import User


@pytest.fixture
def rows(alice, bob, carol) -> dict[str, int]:
    """Some transactions of every kind and state. Maps names of rows to their ids."""
    first = Transaction.objects.get()
    records = {
        "first": first,
        "transfer": send(alice, bob, 300_00),
        "paid_out": withdraw(alice, 100_00),
        "open": payout(bob, "PENDING"),
        "failed": payout(bob, "FAILED"),
        "last": deposit(alice, 50_00),
        "came": came_in(alice),
        "mistake": (mistake := send(bob, carol, 1_00)),
        "reversal": reverse(mistake, bob),
    }
    records |= priced_ones(alice, bob)
    rollups.fold(batch=4)
    account_days.fold(batch=10)
    ids = {name: record.pk for name, record in records.items()}
    ids |= {name: account_id(user) for name, user in zip("abc", (alice, bob, carol), strict=True)}
    ids |= {"alice": ids["a"], "bob": ids["b"], "carol": ids["c"], "actor": alice.pk}
    entries = Entry.objects.filter(transaction__in=[first, records["transfer"]]).order_by("pk")
    ids |= {"today": nairobi_day(), "total": HouseBalance.objects.first().pk}
    names = ("rail", "funded", "paid", "received")
    return ids | dict(zip(names, entries.values_list("pk", flat=True), strict=True))


def came_in(user: User) -> Transaction:
    paid = operations.Paid("simulated", "SFF6XYZ123", 20_00)
    return operations.credit(paid, account_id=account_id(user))


def priced_ones(alice: User, bob: User) -> dict[str, Transaction]:
    """A withdrawal with a fee, and a payout that its rail charged for."""
    price((1_00, 5_00))
    price((1_00, 3_00), purpose=Purpose.CHARGE)
    priced, charged = withdraw(alice, 10_00), payout(bob, "SUCCESS")
    return {
        "priced": priced,
        "charged": charged,
        "charge": Transaction.objects.get(type="CHARGE"),
    }


def reverse(record: Transaction, by: User) -> Transaction:
    return operations.reverse(Context(by.pk, key=new_key()), transaction_id=record.pk)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("verify_ledger", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_correct_books_pass(rows):
    assert violations() == []
    assert run().startswith(f"The books balance: {len(verify.CHECKS)} checks of ")
    assert run().count("\n") == 1
    assert run("--json") == ""


@pytest.mark.django_db
def test_empty_books_pass():
    assert "0 transactions, 0 entries" in run()


@pytest.mark.django_db
def test_detects_each_tampering_and_names_the_row(rows, subtests):
    with unguarded() as tried:
        untouched = tried("SELECT 1")
        assert {check for check, _row in untouched} == {"guards"}
        for name, (tamper, (check, row)) in TAMPERS.items():
            with subtests.test(name):
                assert (check, row.format(**rows)) in tried(tamper.format(**rows))
        assert tried("SELECT 1") == untouched
    assert violations() == []


def test_every_check_has_a_tampering():
    tried = {check for _tamper, (check, _row) in TAMPERS.values()}
    # Those of automatic savings and interest are in tests/ledger/savings/.
    # Those of closed periods are in tests/ledger/closing/test_rewritten.py.
    elsewhere = {"guards", "auto-saved", "goal-locks", "schedules", "interest"}
    # Those of claims are in tests/adminpanel/test_claims.py.
    # Those of seals are in tests/ledger/closing/test_seals.py.
    elsewhere |= {"closes", "closed-days", "closed-audit", "claims", "seals", "sealed"}
    assert tried | elsewhere == {check.name for check in verify.CHECKS}


@pytest.mark.django_db
def test_unchanged_bare_tables_pass(rows):
    assert violations_after("SELECT 1") == []


@pytest.mark.django_db
def test_wrong_books_exit_with_1_and_a_line_for_each_row(rows):
    with transaction.atomic():
        guards.remove(connection)
        with connection.cursor() as cursor:
            cursor.execute(TAMPERS["a balance"][0].format(**rows))
        guards.install(connection)
        out, json_out = StringIO(), StringIO()
        for arguments, stream in (((), out), (("--json",), json_out)):
            with pytest.raises(CommandError, match="1 found") as refusal:
                call_command("verify_ledger", *arguments, stdout=stream)
            assert refusal.value.returncode == 1
        transaction.set_rollback(True)
    row = f"account {rows['bob']}"
    [line] = out.getvalue().splitlines()
    assert line.startswith(f"balances: {row}: holds KES")
    [said] = [json.loads(line) for line in json_out.getvalue().splitlines()]
    assert (said["check"], said["row"]) == ("balances", row)
    assert said["facts"]["balance_cents"] == said["facts"]["sum_cents"] + 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("check", "moved", "sentence"),
    [
        ("times", ["entries", "record"], "but the entry before it 27 Nov 2038, 00:30:00.123456"),
        ("moments", ["entries"], "written 27 Nov 2038, 00:30:00.123456, but transaction"),
        ("orders", ["record"], "ordered 27 Nov 2038, 00:30:00.123456, settled"),
    ],
)
def test_times_are_in_nairobi(rows, check, moved, sentence):
    night = datetime(2038, 11, 26, 21, 30, 0, 123456, tzinfo=UTC)
    with transaction.atomic():
        guards.remove(connection)
        if "entries" in moved:
            Entry.objects.filter(transaction=rows["first"]).update(created_at=night)
        if "record" in moved:
            Transaction.objects.filter(pk=rows["first"]).update(created_at=night)
        guards.install(connection)
        found = next(verify.by_name(check).violations())
        out = StringIO()
        with pytest.raises(CommandError):
            call_command("verify_ledger", "--json", stdout=out)
        transaction.set_rollback(True)
    assert sentence in found.message
    assert '"2038-11-27 00:30:00.123456+03:00"' in out.getvalue()
    assert "21:30" not in out.getvalue()


@pytest.mark.django_db
def test_detects_missing_guards(alice):
    guards.remove(connection)
    books = guards.BOOKS
    names = books.sqlite if connection.vendor == "sqlite" else [n for _t, n in books.postgresql]
    assert violations() == [("guards", f"trigger {name}") for name in sorted(names)]
    guards.install(connection)
    assert violations() == []


@pytest.mark.django_db
def test_detects_a_guard_that_does_nothing():
    toothless = {
        "sqlite": """
            DROP TRIGGER ledger_entry_no_delete;
            CREATE TRIGGER ledger_entry_no_delete BEFORE DELETE ON ledger_entry
            BEGIN SELECT 1\\; END""",
        "postgresql": """
            ALTER TABLE ledger_entry DISABLE TRIGGER ledger_entry_no_delete;
            CREATE OR REPLACE FUNCTION ledger_entries_balance() RETURNS trigger
            LANGUAGE plpgsql AS $$ BEGIN RETURN NULL\\; END $$""",
    }[connection.vendor]
    with connection.cursor() as cursor:
        for statement in re.split(r"(?<!\\);", toothless):
            cursor.execute(statement.replace("\\;", ";"))
    seen = [row for _check, row in violations()]
    assert "trigger ledger_entry_no_delete" in seen
    assert len(seen) == (1 if connection.vendor == "sqlite" else 2)


# Ways to switch off a guard on each engine.
UNGUARDED = {
    "sqlite": [
        "DROP TRIGGER {name}",
        "DROP TRIGGER {name}; CREATE TRIGGER {name} BEFORE UPDATE ON {table} BEGIN SELECT 1\\; END",
        """DROP TRIGGER {name}; CREATE TRIGGER {name} BEFORE UPDATE ON {table} WHEN 0
           BEGIN SELECT RAISE(ABORT, '{words}')\\; END""",
    ],
    "postgresql": [
        "DROP TRIGGER {name} ON {table}",
        "ALTER TABLE {table} DISABLE TRIGGER {name}",
        "ALTER TABLE {table} ENABLE REPLICA TRIGGER {name}",
        """CREATE OR REPLACE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH STATEMENT
           WHEN (false) EXECUTE FUNCTION refuse_change('{words}')""",
        """CREATE OR REPLACE TRIGGER {name} BEFORE UPDATE OF id ON {table} FOR EACH STATEMENT
           EXECUTE FUNCTION refuse_change('{words}')""",
        """CREATE OR REPLACE TRIGGER {name} BEFORE DELETE ON {table} FOR EACH STATEMENT
           EXECUTE FUNCTION refuse_change('{words}')""",
    ],
}[connection.vendor]
TABLES = {
    "ledger_entry": "entries are never changed",
    "wallet_auditevent": "the audit is never changed",
    "adminpanel_note": "notes are never changed",
}


@pytest.mark.django_db
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("attack", UNGUARDED)
def test_detects_a_guard_that_is_switched_off(table, attack):
    name = f"{table}_no_update"
    statements = attack.format(name=name, table=table, words=TABLES[table])
    with connection.cursor() as cursor:
        for statement in re.split(r"(?<!\\);", statements):
            cursor.execute(statement.replace("\\;", ";"))
    assert violations() == [("guards", f"trigger {name}")]


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no replica triggers")
def test_a_guard_that_is_also_active_in_replicas_passes():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_entry ENABLE ALWAYS TRIGGER ledger_entry_no_update")
    assert violations() == []


@pytest.mark.django_db(transaction=True)
def test_books_pass_while_members_make_payments():
    members = [funded(UserFactory(), 1_000_00) for _number in range(4)]
    done = Event()

    def pay(number: int) -> None:
        try:
            for turn in range(15):
                send(members[number], members[(number + 1 + turn % 3) % 4], 1_00)
                withdraw(members[number], 50)
        finally:
            connection.close()
            done.set()

    payers = [Thread(target=pay, args=[number]) for number in range(4)]
    for payer in payers:
        payer.start()
    looks = 0
    while any(payer.is_alive() for payer in payers) or not looks:
        assert violations() == []
        looks += 1
    assert done.is_set()
    assert Transaction.objects.count() == 4 + 4 * 30
