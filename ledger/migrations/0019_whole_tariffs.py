"""Refuse a band added to a tariff later, and a change of why a payout was held."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Count

from ledger.attempt_guards import attempt_moves
from ledger.guards import TARIFFS, WHOLE_TARIFFS

# Columns of an attempt that never change, before.
BEFORE = ("id", "transaction_id", "rail", "reference", "phone", "approvals_needed", "created_at")


def count_bands(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    tariffs = apps.get_model("ledger", "Tariff").objects
    for tariff in tariffs.annotate(found=Count("bands")).filter(found__gt=0):
        tariffs.filter(pk=tariff.pk).update(band_count=tariff.found)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0018_forged_callbacks")]

    operations = [
        # SQLite writes the table anew for the column, and loses its guards with the old one.
        migrations.RunPython(TARIFFS.remove_in_migration, TARIFFS.install_in_migration),
        migrations.AddField(
            model_name="tariff",
            name="band_count",
            field=models.PositiveSmallIntegerField(
                default=0, editable=False, verbose_name="number of bands"
            ),
            preserve_default=False,
        ),
        migrations.RunPython(count_bands, migrations.RunPython.noop),
        migrations.RunPython(TARIFFS.install_in_migration, TARIFFS.remove_in_migration),
        migrations.RunPython(WHOLE_TARIFFS.install_in_migration, WHOLE_TARIFFS.remove_in_migration),
        migrations.RunPython(
            attempt_moves().install_in_migration, attempt_moves(BEFORE).install_in_migration
        ),
    ]
