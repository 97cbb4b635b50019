from django.db import migrations

from wallet.db.guards import AUDIT


def keep(apps, schema_editor):
    """The triggers were there before. Nobody calls the function once the code is older."""


class Migration(migrations.Migration):

    dependencies = [
        ('wallet', '0041_close_acts'),
    ]

    operations = [
        migrations.RunPython(AUDIT.install_in_migration, keep),
    ]
