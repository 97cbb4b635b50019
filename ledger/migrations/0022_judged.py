"""Refuse to send a payment again that people have judged (on PostgreSQL)."""

from django.db import migrations

from ledger.attempt_guards import attempt_moves


class Migration(migrations.Migration):
    dependencies = [("ledger", "0021_holds_of_both_engines")]

    operations = [
        migrations.RunPython(attempt_moves().install_in_migration, migrations.RunPython.noop)
    ]
