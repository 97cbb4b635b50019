from django.core.management import call_command
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

HOUSE = {"simulated_float": -1, "in_transit": -2, "suspense": -3, "adjustments": -4}


def open_house_accounts(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    account = apps.get_model("wallet", "Account")
    account.objects.bulk_create(account(pk=pk, kind=kind) for kind, pk in HOUSE.items())


def make_cache_table(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """So that `migrate` is all that a new database needs."""
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("wallet", "0001_initial")]

    operations = [
        migrations.RunPython(open_house_accounts, migrations.RunPython.noop),
        migrations.RunPython(make_cache_table, migrations.RunPython.noop),
    ]
