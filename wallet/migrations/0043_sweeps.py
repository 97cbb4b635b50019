"""What the worker sweeps has an index on the column by which it's found."""

from django.db import migrations, models

from wallet.db.migrating import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("wallet", "0042_lock_audit")]

    operations = [
        # Of the cache's table, which `createcachetable` makes.
        migrations.CreateModel(
            name="CacheEntry",
            fields=[
                (
                    "cache_key",
                    models.CharField(max_length=255, primary_key=True, serialize=False),
                ),
                ("value", models.TextField()),
                ("expires", models.DateTimeField()),
            ],
            options={"db_table": "cache", "managed": False},
        ),
        AddIndexOnline("device", models.Index(fields=["last_used_at"], name="device_by_use")),
        AddIndexOnline(
            "ratewindow", models.Index(fields=["minute"], name="rate_window_by_minute")
        ),
    ]
