"""Install two triggers again: what is claimed isn't reversed too, nor claimed of who has left."""

from django.db import migrations

from ledger.part_guards import CLAIM_GUARDS, PARTS

GUARDS = PARTS | CLAIM_GUARDS


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0042_claims_within_deposits"),
    ]

    operations = [
        migrations.RunPython(GUARDS.install_in_migration, migrations.RunPython.noop),
    ]
