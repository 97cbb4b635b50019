"""An attempt says which way its money goes, and its receipt is taken once each way."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from ledger.attempt_guards import PAYOUTS
from ledger.receipt_guards import DIRECTIONS


def say_which_way(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    attempts = apps.get_model("ledger", "Attempt").objects
    attempts.filter(transaction__to_account__isnull=True).update(is_payout=True)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0019_whole_tariffs")]

    operations = [
        # SQLite writes the table anew, and loses its guards with the old one.
        migrations.RunPython(PAYOUTS.remove_in_migration, PAYOUTS.install_in_migration),
        migrations.AddField(
            model_name="attempt",
            name="is_payout",
            field=models.BooleanField(default=False, verbose_name="pays out"),
            preserve_default=False,
        ),
        migrations.RunPython(say_which_way, migrations.RunPython.noop),
        migrations.RemoveConstraint(model_name="attempt", name="attempt_receipt_once_per_rail"),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.UniqueConstraint(
                fields=("rail", "receipt", "is_payout"), name="attempt_receipt_once_a_way"
            ),
        ),
        migrations.RunPython(PAYOUTS.install_in_migration, PAYOUTS.remove_in_migration),
        migrations.RunPython(DIRECTIONS.install_in_migration, DIRECTIONS.remove_in_migration),
    ]
