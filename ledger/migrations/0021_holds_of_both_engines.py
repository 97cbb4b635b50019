"""Install the trigger on payouts of stopped wallets on SQLite too, and let it see closed ones."""

from django.db import migrations

from ledger.guards import HOLDS


class Migration(migrations.Migration):
    dependencies = [("ledger", "0020_ways"), ("wallet", "0029_seal_factors")]

    operations = [
        migrations.RunPython(HOLDS.install_in_migration, HOLDS.remove_in_migration),
    ]
