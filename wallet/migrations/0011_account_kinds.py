import wallet.models.accounts
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("wallet", "0010_search_names")]

    operations = [
        migrations.AlterField(
            model_name="account",
            name="kind",
            field=models.CharField(
                choices=wallet.models.accounts.kinds, max_length=20, verbose_name="kind"
            ),
        ),
    ]
