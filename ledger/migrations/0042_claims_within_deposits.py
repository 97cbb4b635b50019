"""Install the triggers of claims again: all claims together take at most the whole of a deposit."""

from django.db import migrations

from ledger.part_guards import CLAIM_GUARDS


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0041_seals"),
    ]

    operations = [
        migrations.RunPython(CLAIM_GUARDS.install_in_migration, migrations.RunPython.noop),
    ]
