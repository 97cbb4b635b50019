"""The worker finds links that ended by their index."""

from django.db import migrations, models

from wallet.db.migrating import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("ledger", "0035_account_days")]

    operations = [
        AddIndexOnline("ask", models.Index(fields=["expires_at"], name="ask_by_end")),
    ]
