"""Guards of the arrivals, and an arrival for each deposit that came in over a rail before.

An attempt may now begin as paid, if its payer started it.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from ledger.attempt_guards import ARRIVALS_ONCE, PAYOUTS

BATCH = 1000


def give_arrivals(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    arrivals = apps.get_model("ledger", "Arrival").objects
    paid = apps.get_model("ledger", "Attempt").objects.filter(
        state="SUCCEEDED", receipt__isnull=False, transaction__to_account__isnull=False
    )
    attempts = paid.select_related("transaction").order_by("pk")
    arrivals.bulk_create(
        (
            arrivals.model(
                rail=attempt.rail,
                receipt=attempt.receipt,
                amount_cents=attempt.transaction.amount_cents,
                transaction=attempt.transaction,
            )
            for attempt in attempts.iterator(BATCH)
        ),
        batch_size=BATCH,
    )


class Migration(migrations.Migration):
    dependencies = [("ledger", "0012_arrivals")]

    operations = [
        migrations.RunPython(give_arrivals, migrations.RunPython.noop),
        migrations.RunPython(ARRIVALS_ONCE.install_in_migration, ARRIVALS_ONCE.remove_in_migration),
        migrations.RunPython(PAYOUTS.install_in_migration, migrations.RunPython.noop),
    ]
