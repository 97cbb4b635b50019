from django.db import migrations

from ledger import guards

# Those that never change, as they were when this was written.
COLUMNS = (
    "id",
    "reference",
    "type",
    "amount_cents",
    "from_account_id",
    "to_account_id",
    "description",
    "created_by_id",
    "idempotency_key",
    "reverses_id",
    "created_at",
)
BOOKS = guards.ENTRY_GUARDS | guards.transaction_guards(COLUMNS) | guards.SUM_GUARD


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.RunPython(BOOKS.install_in_migration, BOOKS.remove_in_migration),
        migrations.RunPython(migrations.RunPython.noop, guards.refuse_to_go_back),
    ]
