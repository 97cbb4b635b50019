"""Install the triggers of proposals: what two people agree on can't change in between."""

from django.db import migrations

from adminpanel.proposal_guards import PROPOSALS


class Migration(migrations.Migration):
    dependencies = [
        ("adminpanel", "0023_fill_reversals"),
    ]

    operations = [
        migrations.RunPython(PROPOSALS.install_in_migration, PROPOSALS.remove_in_migration),
    ]
