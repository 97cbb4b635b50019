"""A statement has another code once its owner has another name."""

from django.db import migrations, models

from ledger.guards import DOCUMENTS


class Migration(migrations.Migration):
    dependencies = [("ledger", "0025_goal_locks")]

    operations = [
        # SQLite writes the table anew for a constraint, and loses its guards with the old one.
        migrations.RunPython(DOCUMENTS.remove_in_migration, DOCUMENTS.install_in_migration),
        migrations.RemoveConstraint("issuedstatement", "statement_issued_once"),
        migrations.AddConstraint(
            "issuedstatement",
            models.UniqueConstraint(
                fields=["account", "first_day", "last_day", "through_entry", "owner_name"],
                name="statement_issued_once",
            ),
        ),
        migrations.RunPython(DOCUMENTS.install_in_migration, DOCUMENTS.remove_in_migration),
    ]
