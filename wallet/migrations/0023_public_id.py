from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

import wallet.public_ids

BATCH = 1000


def fill_in(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give each member a public id of their own."""
    people = apps.get_model("wallet", "User").objects.order_by("pk")
    last_id = 0
    while some := list(people.filter(pk__gt=last_id).only("pk")[:BATCH]):
        for user in some:
            user.public_id = wallet.public_ids.new_public_id()
        people.bulk_update(some, ["public_id"], batch_size=BATCH)
        last_id = some[-1].pk


class Migration(migrations.Migration):
    dependencies = [("wallet", "0022_names")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="public_id",
            field=models.CharField(
                default=None, editable=False, max_length=15, null=True, verbose_name="public id"
            ),
        ),
        migrations.RunPython(fill_in, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="user",
            name="public_id",
            field=models.CharField(
                default=wallet.public_ids.new_public_id,
                editable=False,
                max_length=15,
                unique=True,
                verbose_name="public id",
            ),
        ),
    ]
