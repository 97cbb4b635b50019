"""The last run of the checks, and the oldest, are found by their index."""

from django.db import migrations, models

from wallet.db.migrating import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("adminpanel", "0020_worker_alerts")]

    operations = [
        AddIndexOnline("checkrun", models.Index(fields=["finished_at"], name="check_run_by_end")),
    ]
