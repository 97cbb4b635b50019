"""Refuse to send a payment again that people have judged, and let those who approved a return judge
it (on PostgreSQL)."""

from django.db import migrations

from ledger.attempt_guards import PAYOUTS


class Migration(migrations.Migration):
    dependencies = [("ledger", "0021_holds_of_both_engines")]

    operations = [
        migrations.RunPython(PAYOUTS.install_in_migration, migrations.RunPython.noop),
    ]
