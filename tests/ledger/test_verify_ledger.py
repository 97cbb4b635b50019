"""verify_ledger says that right books are right, and names the row that is wrong in others."""

from __future__ import annotations

import json
import re
from io import StringIO
from threading import Event, Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from ledger import guards, operations, rollups, verify
from ledger.models import Entry, HouseBalance, Transaction
from tests.factories import UserFactory, account_id, deposit, funded, new_key, send, withdraw
from tests.tampering import found_after, payout, violations
from wallet.models import User

LATER = "'2040-01-01 00:00:00+00:00'"

# What is done to the rows; which check must see it; the row it must name.
TAMPERS = {
    "amount of an entry": (
        "UPDATE ledger_entry SET amount_cents = amount_cents + 1 WHERE id = {paid}",
        ("running", "entry {paid}"),
    ),
    "sign of an entry": (
        "UPDATE ledger_entry SET amount_cents = -amount_cents WHERE id = {paid}",
        ("sums", "transaction {transfer}"),
    ),
    "account of an entry": (
        "UPDATE ledger_entry SET account_id = {carol} WHERE id = {received}",
        ("shapes", "transaction {transfer}"),
    ),
    "an entry deleted": (
        "DELETE FROM ledger_entry WHERE id = {received}",
        ("sums", "transaction {transfer}"),
    ),
    "all entries of a transaction deleted": (
        "DELETE FROM ledger_entry WHERE transaction_id = {transfer}",
        ("shapes", "transaction {transfer}"),
    ),
    "an entry between others deleted": (
        "DELETE FROM ledger_entry WHERE id = {funded}",
        ("running", "entry {paid}"),
    ),
    "an entry written twice": (
        """INSERT INTO ledger_entry
           (transaction_id, account_id, amount_cents, balance_after_cents, created_at)
           SELECT transaction_id, account_id, amount_cents, balance_after_cents, created_at
           FROM ledger_entry WHERE id = {received}""",
        ("shapes", "transaction {transfer}"),
    ),
    "an entry out of nothing": (
        """INSERT INTO ledger_entry
           (transaction_id, account_id, amount_cents, balance_after_cents, created_at)
           SELECT transaction_id, -4, 5, NULL, created_at FROM ledger_entry WHERE id = {paid}""",
        ("total", "table ledger_entry"),
    ),
    "two entries swapped": (
        """UPDATE ledger_entry
           SET account_id = CASE account_id WHEN {alice} THEN {bob} ELSE {alice} END
           WHERE transaction_id = {transfer}""",
        ("shapes", "transaction {transfer}"),
    ),
    "both entries made larger": (
        "UPDATE ledger_entry SET amount_cents = amount_cents * 2 WHERE transaction_id = {transfer}",
        ("shapes", "transaction {transfer}"),
    ),
    "a running balance": (
        "UPDATE ledger_entry SET balance_after_cents = balance_after_cents + 1 WHERE id = {paid}",
        ("running", "entry {paid}"),
    ),
    "a balance": (
        "UPDATE wallet_account SET balance_cents = balance_cents + 1 WHERE id = {bob}",
        ("balances", "account {bob}"),
    ),
    "a balance below zero": (
        "UPDATE wallet_account SET balance_cents = -1 WHERE id = {bob}",
        ("overdrafts", "account {bob}"),
    ),
    "a balance stored on a house account": (
        "UPDATE wallet_account SET balance_cents = 1 WHERE id = -1",
        ("balances", "account -1"),
    ),
    "a running balance on a house account": (
        "UPDATE ledger_entry SET balance_after_cents = 1 WHERE id = {rail}",
        ("running", "entry {rail}"),
    ),
    "time of an entry": (
        f"UPDATE ledger_entry SET created_at = {LATER} WHERE id = {{paid}}",
        ("moments", "entry {paid}"),
    ),
    "time of a whole transaction": (
        f"""UPDATE ledger_entry SET created_at = {LATER} WHERE transaction_id = {{first}};
            UPDATE ledger_transaction SET created_at = {LATER}, settled_at = {LATER}
            WHERE id = {{first}}""",
        ("times", "entry {paid}"),
    ),
    "amount of a transaction": (
        "UPDATE ledger_transaction SET amount_cents = amount_cents + 1 WHERE id = {transfer}",
        ("shapes", "transaction {transfer}"),
    ),
    "accounts of a transaction": (
        """UPDATE ledger_transaction SET from_account_id = {bob}, to_account_id = {alice}
           WHERE id = {transfer}""",
        ("shapes", "transaction {transfer}"),
    ),
    "type of a transaction": (
        "UPDATE ledger_transaction SET type = 'DEPOSIT' WHERE id = {transfer}",
        ("orders", "transaction {transfer}"),
    ),
    "a transfer from a house account": (
        "UPDATE ledger_transaction SET from_account_id = -1 WHERE id = {transfer}",
        ("orders", "transaction {transfer}"),
    ),
    "settled before it was ordered": (
        "UPDATE ledger_transaction SET settled_at = '2001-01-01 00:00:00+00:00' WHERE id = {first}",
        ("orders", "transaction {first}"),
    ),
    "a payout declared done": (
        """UPDATE ledger_transaction SET status = 'SUCCESS', settled_at = created_at
           WHERE id = {open}""",
        ("shapes", "transaction {open}"),
    ),
    "a payout declared open": (
        "UPDATE ledger_transaction SET status = 'PENDING', settled_at = NULL WHERE id = {paid_out}",
        ("transit", "account -2"),
    ),
    "a payout declared failed": (
        "UPDATE ledger_transaction SET status = 'FAILED' WHERE id = {paid_out}",
        ("shapes", "transaction {paid_out}"),
    ),
    "accounts of a reversal": (
        "UPDATE ledger_transaction SET reverses_id = {first} WHERE id = {reversal}",
        ("reversals", "transaction {reversal}"),
    ),
    "a second reversal": (
        "UPDATE ledger_transaction SET reverses_id = {transfer} WHERE id = {last}",
        ("reversals", "transaction {last}"),
    ),
    "a reversal of what never settled": (
        "UPDATE ledger_transaction SET status = 'FAILED' WHERE id = {mistake}",
        ("reversals", "transaction {reversal}"),
    ),
    "a roll-up of a day": (
        "UPDATE ledger_dailytotal SET credit_cents = 1 WHERE house_id = -1 AND type = 'DEPOSIT'",
        ("rollups", "day {today} DEPOSIT -1"),
    ),
    "a running total of a house account": (
        "UPDATE ledger_housebalance SET balance_cents = 1 WHERE id = {total}",
        ("running_totals", "house balance {total}"),
    ),
    "a transaction deleted": (
        "DELETE FROM ledger_transaction WHERE id = {transfer}",
        ("parents", "entry {paid}"),
    ),
    "an entry on an account that is not there": (
        "UPDATE ledger_entry SET account_id = 999999 WHERE id = {received}",
        ("parents", "entry {received}"),
    ),
    "a key used twice": (
        """UPDATE ledger_transaction SET idempotency_key = 'one', created_by_id = {actor}
           WHERE id IN ({first}, {transfer})""",
        ("keys", "transaction {transfer}"),
    ),
    "a reference used twice": (
        "UPDATE ledger_transaction SET reference = 'NS-00000000' WHERE id IN ({first}, {transfer})",
        ("references", "transaction {transfer}"),
    ),
}


@pytest.fixture
def rows(alice, bob, carol) -> dict[str, int]:
    """A little of everything: names of rows, and their ids."""
    first = Transaction.objects.get()
    records = {
        "first": first,
        "transfer": send(alice, bob, 300_00),
        "paid_out": withdraw(alice, 100_00),
        "open": payout(bob, "PENDING"),
        "failed": payout(bob, "FAILED"),
        "last": deposit(alice, 50_00),
        "mistake": (mistake := send(bob, carol, 1_00)),
        "reversal": reverse(mistake, bob),
    }
    rollups.fold(batch=4)
    ids = {name: record.pk for name, record in records.items()}
    ids |= {name: account_id(user) for name, user in zip("abc", (alice, bob, carol), strict=True)}
    ids |= {"alice": ids["a"], "bob": ids["b"], "carol": ids["c"], "actor": alice.pk}
    entries = Entry.objects.filter(transaction__in=[first, records["transfer"]]).order_by("pk")
    ids |= {"today": timezone.localdate(), "total": HouseBalance.objects.first().pk}
    names = ("rail", "funded", "paid", "received")
    return ids | dict(zip(names, entries.values_list("pk", flat=True), strict=True))


def reverse(record: Transaction, by: User) -> Transaction:
    return operations.reverse(actor_id=by.pk, transaction_id=record.pk, key=new_key())


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("verify_ledger", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_right_books_are_right(rows):
    assert violations() == []
    assert run().startswith(f"The books are right: {len(verify.CHECKS)} checks of ")
    assert run().count("\n") == 1
    assert run("--json") == ""


@pytest.mark.django_db
def test_empty_books_are_right():
    assert "0 transactions, 0 entries" in run()


@pytest.mark.django_db
@pytest.mark.parametrize("name", TAMPERS)
def test_sees_the_tampering_and_names_the_row(rows, name):
    tamper, (check, row) = TAMPERS[name]
    assert (check, row.format(**rows)) in found_after(tamper.format(**rows))
    assert violations() == []


def test_every_check_is_tried_by_a_tampering():
    tried = {check for _tamper, (check, _row) in TAMPERS.values()}
    assert tried | {"guards"} == {check.name for check in verify.CHECKS}


@pytest.mark.django_db
def test_bare_tables_alone_raise_no_alarm(rows):
    assert found_after("SELECT 1") == []


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
def test_sees_that_the_guards_are_gone(alice):
    guards.remove(connection)
    books = guards.BOOKS
    names = books.sqlite if connection.vendor == "sqlite" else [n for _t, n in books.postgresql]
    assert violations() == [("guards", f"trigger {name}") for name in sorted(names)]
    guards.install(connection)
    assert violations() == []


@pytest.mark.django_db
def test_sees_a_guard_that_no_longer_guards():
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


@pytest.mark.django_db(transaction=True)
def test_books_at_work_raise_no_alarm():
    members = [funded(UserFactory(), 1_000_00) for _number in range(4)]
    done = Event()

    def trade(number: int) -> None:
        try:
            for turn in range(15):
                send(members[number], members[(number + 1 + turn % 3) % 4], 1_00)
                withdraw(members[number], 50)
        finally:
            connection.close()
            done.set()

    traders = [Thread(target=trade, args=[number]) for number in range(4)]
    for trader in traders:
        trader.start()
    looks = 0
    while any(trader.is_alive() for trader in traders) or not looks:
        assert violations() == []
        looks += 1
    assert done.is_set()
    assert Transaction.objects.count() == 4 + 4 * 30
