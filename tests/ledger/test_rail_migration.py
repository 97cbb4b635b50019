"""The migration that adds the rail column fills it for old rows and keeps the guards."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from ledger.models import Transaction
from tests.books import assert_books_right
from tests.factories import deposit, new_key, send, withdraw
from tests.ledger.support.crowd import IS_NIGHTLY
from tests.ledger.support.later import answer_later
from tests.ledger.support.rows import insert, stored
from tests.tampering import violations
from wallet.models import Account, User

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.skipif(not IS_NIGHTLY, reason="released migrations never change"),
]

BEFORE = "0004_house_lines_by_time"


def migrate(*target: str) -> None:
    """Forwards all apps: those above the ledger went back with it."""
    call_command("migrate", *(["ledger", *target] if target else []), verbosity=0)


def rows() -> list[tuple[object, ...]]:
    columns = "id, reference, type, status, from_account_id, to_account_id, created_at, settled_at"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM ledger_transaction ORDER BY id")
        return cursor.fetchall()


def test_old_rows_get_their_rail(alice, bob, finance):
    back = deposit(bob, 5_00)
    send(alice, bob, 1_00)
    withdraw(alice, 2_00)
    with answer_later():
        withdraw(alice, 3_00)
    take_back_as_before(back, finance)
    kept, taken = rows(), dict(Transaction.objects.values_list("pk", "rail"))
    try:
        migrate(BEFORE)
        assert rows() == kept
        assert_refuses_changes()
    finally:
        migrate()
    assert rows() == kept
    assert dict(Transaction.objects.values_list("pk", "rail")) == taken
    assert set(taken.values()) == {"", "simulated"}
    assert_refuses_changes()
    assert_books_right()
    assert violations() == []


def take_back_as_before(record: Transaction, person: User) -> None:
    """Until 2026-11-28 the money of a reversed deposit went to the rail's float."""
    own = record.entries.get(account__gt=0)
    rail = record.entries.get(account__lt=0)
    old = stored(record) | {"id": record.pk + 100, "reference": "NS-BEF0REXX", "type": "REVERSAL"}
    old |= {"from_account_id": own.account_id, "to_account_id": None, "reverses_id": record.pk}
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    old |= {"created_by_id": person.pk, "idempotency_key": new_key()}
    old |= {"created_at": now, "settled_at": now}
    back = {"transaction_id": old["id"], "created_at": now}
    left_cents = Account.objects.get(pk=own.account_id).balance_cents - own.amount_cents
    sums = ((own, -own.amount_cents, left_cents), (rail, -rail.amount_cents, None))
    with transaction.atomic():
        insert("ledger_transaction", old)
        insert(
            "ledger_entry",
            *(
                stored(entry)
                | back
                | {"id": entry.pk + 100, "amount_cents": cents, "balance_after_cents": after}
                for entry, cents, after in sums
            ),
        )
        Account.objects.filter(pk=own.account_id).update(balance_cents=left_cents)


def assert_refuses_changes() -> None:
    for change in ("SET amount_cents = 1", "SET status = 'FAILED' WHERE status = 'SUCCESS'"):
        with (
            pytest.raises(IntegrityError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE ledger_transaction {change}")
