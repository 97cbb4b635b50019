from django.db import migrations, models


class Migration(migrations.Migration):
    """Why a payout needs approval. Null columns, so that SQLite doesn't write the table anew."""

    dependencies = [("ledger", "0010_fees")]

    operations = [
        migrations.AddField(
            model_name="attempt",
            name="held_because",
            field=models.CharField(
                choices=[
                    ("amount", "Its amount"),
                    ("day", "What left the wallet that day"),
                    ("new_phone", "First payout to a new phone number"),
                ],
                max_length=10,
                null=True,
                verbose_name="held because",
            ),
        ),
        migrations.AddField(
            model_name="attempt",
            name="held_above_cents",
            field=models.BigIntegerField(null=True, verbose_name="held above"),
        ),
    ]
