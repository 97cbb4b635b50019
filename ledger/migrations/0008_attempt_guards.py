"""Guards of the attempts, and an attempt for each transaction that is still open.

Whether those were sent is not known, so their attempts are UNKNOWN: two people of finance end them.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.exceptions import IrreversibleError
from django.db.migrations.state import StateApps

from ledger.attempt_guards import PAYOUTS, attempt_moves
from ledger.references import new_attempt_reference

# Columns that never change, in this version of the table.
FIXED = ("id", "transaction_id", "rail", "reference", "phone", "approvals_needed", "created_at")
GUARDS = PAYOUTS | attempt_moves(FIXED)


def give_attempts(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    records = apps.get_model("ledger", "Transaction").objects
    attempts = apps.get_model("ledger", "Attempt").objects
    open_ones = records.filter(status="PENDING").select_related(
        "from_account__user", "to_account__user"
    )
    for record in open_ones.iterator():
        owner = (record.from_account or record.to_account).user
        attempts.create(
            transaction=record,
            rail=record.rail,
            reference=new_attempt_reference(),
            phone=owner.phone or "",
            state="UNKNOWN",
            created_at=record.created_at,
            sent_at=record.created_at,
        )


def refuse_to_forget(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Migrating back deletes the attempts, so it ends here once one may have been sent."""
    if apps.get_model("ledger", "Attempt").objects.filter(fence__gt=0).exists():
        raise IrreversibleError("What was sent over a rail is never deleted.")


class Migration(migrations.Migration):
    dependencies = [("ledger", "0007_attempts")]

    operations = [
        migrations.RunPython(give_attempts, refuse_to_forget),
        migrations.RunPython(GUARDS.install_in_migration, GUARDS.remove_in_migration),
    ]
