from django.db import migrations

from ledger.guards import HOLDS


class Migration(migrations.Migration):
    dependencies = [("ledger", "0015_alerts"), ("wallet", "0020_safety")]

    operations = [
        migrations.RunPython(HOLDS.install_in_migration, HOLDS.remove_in_migration),
    ]
