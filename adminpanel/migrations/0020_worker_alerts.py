"""An alert may be about a job of the worker."""

from django.db import migrations, models

from wallet.db.migrating import AddCheckOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("adminpanel", "0019_workers")]

    operations = [
        AddCheckOnline(
            model_name="alert",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["CHECK", "UNKNOWN", "APPROVAL", "FLOAT", "WORKER"])
                ),
                name="alert_kind_known",
            ),
        ),
    ]
