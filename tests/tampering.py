"""What a verifier is tried with: books of every kind, and rows changed behind the guards."""

from __future__ import annotations

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from ledger import guards, verify
from ledger.models import Entry, Transaction
from wallet.models import Account, User

TRANSIT = Account.HOUSE_IDS[Account.Kind.IN_TRANSIT]


def payout(user: User, status: str) -> Transaction:
    """A payout on a rail that answers later, which no operation makes yet."""
    now, account, amount = timezone.now(), user.primary_account(), 20_00
    is_open = status == "PENDING"
    record = Transaction.objects.create(
        type="WITHDRAW",
        status=status,
        amount_cents=amount,
        from_account=account,
        created_by=user,
        created_at=now,
        settled_at=None if is_open else now,
    )
    left = account.balance_cents - amount
    lines = [(account.pk, -amount, left), (TRANSIT, amount, None)]
    if is_open:
        Account.objects.filter(pk=account.pk).update(balance_cents=left)
    else:
        lines += [(TRANSIT, -amount, None), (account.pk, amount, left + amount)]
    Entry.objects.bulk_create(
        Entry(
            transaction=record,
            account_id=account_id,
            amount_cents=cents,
            balance_after_cents=after,
            created_at=now,
        )
        for account_id, cents, after in lines
    )
    return record


def found_after(tamper: str) -> list[tuple[str, str]]:
    """(check, row) of each violation once `tamper` was done past every guard; then undo it."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            remove_constraints(cursor)
            guards.remove(connection)
            for statement in tamper.split(";"):
                cursor.execute(statement)
            guards.install(connection)
        found = violations()
        transaction.set_rollback(True)
    return found


def remove_constraints(cursor: CursorWrapper) -> None:
    """Put bare copies in place of the tables: as one finds them who owns the database."""
    if connection.vendor == "postgresql":
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in ("wallet_account", "ledger_transaction", "ledger_entry"):
        cursor.execute(f"CREATE TABLE bare AS SELECT * FROM {table}")
        cursor.execute(f"ALTER TABLE {table} RENAME TO kept_{table}")
        cursor.execute(f"ALTER TABLE bare RENAME TO {table}")


def violations() -> list[tuple[str, str]]:
    return [(one.check, one.row) for check in verify.CHECKS for one in check.violations()]
