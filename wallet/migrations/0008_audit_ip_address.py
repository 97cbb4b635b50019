"""The IP address that an act came from is named for what it is. The guards name no column of the
audit, so they stay as they are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("wallet", "0007_who_acted")]

    operations = [
        migrations.RenameField("auditevent", "address", "ip_address"),
        migrations.AlterField(
            "auditevent",
            "ip_address",
            models.CharField(blank=True, max_length=60, verbose_name="IP address"),
        ),
    ]
