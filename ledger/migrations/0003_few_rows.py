from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_guards")]

    operations = [
        migrations.AddIndex(
            "transaction",
            models.Index(
                fields=["-id"], condition=Q(type="REVERSAL"), name="transaction_reversals"
            ),
        ),
        migrations.AddIndex(
            "transaction",
            models.Index(
                fields=["settled_at"],
                condition=Q(settled_at__gt=F("created_at")),
                name="transaction_settled_later",
            ),
        ),
    ]
