"""The database refuses every change to written books, from raw SQL and from the ORM."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.models import F
from django.utils import timezone

from ledger.models import Entry, Transaction
from tests.books import assert_books_right, everything
from tests.factories import account_id, send, withdraw
from tests.ledger.support.later import waiting_deposit
from tests.ledger.support.moves import FLOAT
from tests.ledger.support.rows import columns, insert, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def record(alice, bob):
    withdraw(alice, 5_00)
    made = send(alice, bob, 100_00, key="one")
    connection.check_constraints()
    return made


@pytest.fixture
def entry(record):
    return record.entries.earliest("pk")


@pytest.fixture
def pending(alice):
    """A deposit whose rail hasn't answered. It has no entries to protect it."""
    made = waiting_deposit(alice, 5, key="pending")
    connection.check_constraints()
    return made


def assert_refused(attack):
    """Fail unless the database refuses the attack and every row stays the same."""

    def attempt():
        attack()
        connection.check_constraints()

    before = everything()
    with pytest.raises(IntegrityError), transaction.atomic():
        attempt()
    assert everything() == before


@contextmanager
def rolled_back():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def run(sql, *params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


RAW = [
    "UPDATE ledger_entry SET amount_cents = amount_cents + 1",
    "UPDATE ledger_entry SET balance_after_cents = 1 WHERE account_id > 0",
    "UPDATE ledger_entry SET created_at = created_at",
    "UPDATE ledger_entry SET id = id + 1000",
    "DELETE FROM ledger_entry",
    "DELETE FROM ledger_entry WHERE id = (SELECT MAX(id) FROM ledger_entry)",
    "UPDATE ledger_transaction SET amount_cents = amount_cents + 1",
    "UPDATE ledger_transaction SET status = 'FAILED'",
    "UPDATE ledger_transaction SET status = 'PENDING', settled_at = NULL",
    "UPDATE ledger_transaction SET status = status",
    "UPDATE ledger_transaction SET settled_at = created_at",
    "UPDATE ledger_transaction SET settled_at = NULL",
    "UPDATE ledger_transaction SET idempotency_key = NULL",
    "DELETE FROM ledger_transaction",
    "DELETE FROM wallet_account WHERE user_id IS NOT NULL",
    "DELETE FROM wallet_account WHERE user_id IS NULL",
    "DELETE FROM wallet_user",
]
RAW_OF_ENGINE = {
    "sqlite": [
        f"UPDATE OR REPLACE {table} SET {change}"
        for table in ("ledger_entry", "ledger_transaction")
        for change in ("id = 1", "rowid = rowid + 1000", "created_at = '2020-01-01'")
    ],
    "postgresql": [
        "TRUNCATE ledger_entry CASCADE",
        "TRUNCATE ledger_transaction, ledger_entry RESTART IDENTITY CASCADE",
        "TRUNCATE wallet_account CASCADE",
        "TRUNCATE wallet_user CASCADE",
        "MERGE INTO ledger_entry e USING ledger_transaction t ON e.transaction_id = t.id"
        " WHEN MATCHED THEN UPDATE SET amount_cents = 1",
        "MERGE INTO ledger_entry e USING ledger_transaction t ON e.transaction_id = t.id"
        " WHEN MATCHED THEN DELETE",
        "WITH gone AS (DELETE FROM ledger_entry RETURNING id) SELECT COUNT(*) FROM gone",
    ],
}


@pytest.mark.parametrize("sql", RAW + RAW_OF_ENGINE[connection.vendor])
def test_refuses_raw_sql(record, sql):
    assert_refused(lambda: run(sql))


ENTRY_ATTACKS = {
    "save": lambda entry: entry.save(),
    "save a field": lambda entry: entry.save(update_fields=["created_at"]),
    "update": lambda entry: Entry.objects.filter(pk=entry.pk).update(amount_cents=1),
    "update all": lambda entry: Entry.objects.update(amount_cents=-F("amount_cents")),
    "bulk_update": lambda entry: Entry.objects.bulk_update([entry], ["amount_cents"]),
    "update_or_create": lambda entry: Entry.objects.update_or_create(
        {"amount_cents": 1}, pk=entry.pk
    ),
    "upsert": lambda entry: Entry.objects.bulk_create(
        [entry], update_conflicts=True, unique_fields=["id"], update_fields=["amount_cents"]
    ),
    "delete": lambda entry: entry.delete(),
    "delete all": lambda entry: Entry.objects.all().delete(),
    "_raw_delete": lambda entry: Entry.objects.all()._raw_delete("default"),
}


@pytest.mark.parametrize("attack", ENTRY_ATTACKS.values(), ids=ENTRY_ATTACKS.keys())
def test_refuses_the_orm_on_entries(entry, attack):
    entry.amount_cents = -1
    assert_refused(lambda: attack(entry))


TRANSACTION_ATTACKS = {
    "save": lambda record: record.save(),
    "update": lambda record: Transaction.objects.update(amount_cents=1),
    "update status": lambda record: Transaction.objects.update(status="FAILED"),
    "bulk_update": lambda record: Transaction.objects.bulk_update([record], ["amount_cents"]),
    "upsert": lambda record: Transaction.objects.bulk_create(
        [record], update_conflicts=True, unique_fields=["id"], update_fields=["amount_cents"]
    ),
    "delete": lambda record: record.delete(),
    "delete all": lambda record: Transaction.objects.all().delete(),
    "_raw_delete": lambda record: Transaction.objects.all()._raw_delete("default"),
    "delete an account": lambda record: record.from_account.delete(),
    "delete a person": lambda record: record.created_by.delete(),
}


@pytest.mark.parametrize("attack", TRANSACTION_ATTACKS.values(), ids=TRANSACTION_ATTACKS.keys())
def test_refuses_the_orm_on_transactions(record, attack):
    record.amount_cents = 1
    assert_refused(lambda: attack(record))


@pytest.mark.parametrize("where", ["", "WHERE status = 'PENDING'"])
def test_refuses_to_delete_a_transaction_without_entries(pending, where):
    assert_refused(lambda: run(f"DELETE FROM ledger_transaction {where}"))


COLLISIONS = [["id"], ["reference"], ["created_by_id", "idempotency_key"]]
REPLACING_VERBS = {
    "sqlite": ["INSERT OR REPLACE INTO", "REPLACE INTO", "INSERT OR FAIL INTO"],
    "postgresql": ["INSERT INTO"],
}[connection.vendor]


@pytest.mark.parametrize("verb", REPLACING_VERBS)
@pytest.mark.parametrize("shared", COLLISIONS, ids=", ".join)
@pytest.mark.parametrize("which", ["record", "pending"])
def test_refuses_to_replace_a_transaction(request, which, verb, shared):
    record = request.getfixturevalue(which)
    fresh = {"id": 10**6, "reference": "NS-STANDIN0", "idempotency_key": "another"}
    row = stored(record) | {name: fresh[name] for name in fresh if name not in shared}
    assert_refused(lambda: insert("ledger_transaction", row, verb=verb))
    update = f"ON CONFLICT ({', '.join(shared)}) DO UPDATE SET amount_cents = 1"
    assert_refused(lambda: insert("ledger_transaction", row, suffix=update))


@pytest.mark.parametrize("verb", REPLACING_VERBS)
def test_refuses_to_replace_an_entry(entry, verb):
    row = stored(entry) | {"amount_cents": 1}
    assert_refused(lambda: insert("ledger_entry", row, verb=verb))
    update = "ON CONFLICT (id) DO UPDATE SET amount_cents = 1"
    assert_refused(lambda: insert("ledger_entry", row, suffix=update))


def test_entries_that_do_not_sum_to_zero_are_refused_or_detected(record, alice, bob):
    def line(account, cents, to=record):
        row = {"transaction_id": to.pk, "account_id": account, "amount_cents": cents}
        after = None if account < 0 else 1
        return row | {"balance_after_cents": after, "created_at": timezone.now()}

    other = withdraw(alice, 1_00)
    to_bob = account_id(bob)
    for lines in (
        [line(FLOAT, 5)],
        [line(FLOAT, 5), line(to_bob, -4)],
        [line(FLOAT, 5), line(to_bob, -5, other)],
    ):
        if connection.vendor == "postgresql":
            assert_refused(lambda lines=lines: insert("ledger_entry", *lines))
            continue
        # SQLite has no statement triggers, so `verify_ledger` must find this.
        with rolled_back():
            insert("ledger_entry", *lines)
            with pytest.raises(AssertionError):
                assert_books_right()


@pytest.mark.parametrize("outcome", ["SUCCESS", "FAILED"])
def test_a_pending_transaction_settles_once(pending, outcome):
    now = timezone.now()
    settle = Transaction.objects.filter(pk=pending.pk).update
    assert settle(status=outcome, settled_at=now) == 1
    for status in Transaction.Status:
        settled_at = None if status == "PENDING" else now
        with pytest.raises(IntegrityError), transaction.atomic():
            settle(status=status, settled_at=settled_at)
    pending.refresh_from_db()
    assert pending.status == outcome


@pytest.mark.parametrize("column", columns(Transaction))
def test_settling_changes_nothing_else(pending, alice, bob, column):
    if column in {"status", "settled_at"}:
        with pytest.raises(IntegrityError), transaction.atomic():
            run(f"UPDATE ledger_transaction SET {column} = {column} WHERE id = %s", pending.pk)
        return
    change = {column: something_else(pending, column, bob)}
    settled = {"status": "SUCCESS", "settled_at": timezone.now()}
    sets = ", ".join(f"{name} = %s" for name in settled | change)
    with pytest.raises(IntegrityError), transaction.atomic():
        run(
            f"UPDATE ledger_transaction SET {sets} WHERE id = %s",
            *(settled | change).values(),
            pending.pk,
        )


def something_else(record, column, bob):
    """Another plausible value for this column."""
    field = Transaction._meta.get_field(column)
    now = getattr(record, column)
    if isinstance(field, models.ForeignKey):
        return bob.pk if column == "created_by_id" else account_id(bob)
    if isinstance(field, models.DateTimeField):
        return now + timedelta(seconds=1)
    if isinstance(field, models.CharField):
        return {"type": "TRANSFER"}.get(column, f"{now}x")
    return now + 1
