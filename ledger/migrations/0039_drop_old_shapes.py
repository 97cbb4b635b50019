"""The old check of shapes doesn't know parts. The next migration adds the new one while others write."""

from django.db import migrations

from ledger.closing_guards import CLOSING
from ledger.goal_guards import LOCKED_MOVES, OWN_MOVES
from ledger.guards import HOLDS, transaction_guards
from ledger.part_guards import PARTS

# SQLite writes the table anew for a constraint, and loses its guards with the old one.
GUARDS = (
    transaction_guards((
        *('id', 'reference', 'type', 'amount_cents', 'from_account_id', 'to_account_id'),
        *('description', 'created_by_id', 'idempotency_key', 'reverses_id', 'created_at', 'rail'),
        *('fee_cents', 'resolves_id'),
    ))
    | HOLDS
    | OWN_MOVES
    | LOCKED_MOVES
    | CLOSING
    | PARTS
)


class Migration(migrations.Migration):

    dependencies = [("ledger", "0038_parts_and_claims")]

    operations = [
        migrations.RunPython(GUARDS.remove_in_migration, GUARDS.install_in_migration),
        migrations.RemoveConstraint(
            model_name='transaction',
            name='transaction_shape_by_type',
        ),
        migrations.RunPython(GUARDS.install_in_migration, GUARDS.remove_in_migration),
    ]
