from typing import Any

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from wallet.names import is_house_name, search_columns

BATCH = 1000
# As they were then.
HOUSE_NAMES = ("nissmart", "the system", "system", "simulated rail")


def fold_names(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Fill in how each member is searched. A name that reads like the house's own gets a suffix."""
    people = apps.get_model("wallet", "User").objects.order_by("pk")
    last_id = 0
    while some := list(people.filter(pk__gt=last_id).only("pk", "name")[:BATCH]):
        for user in some:
            fill_in(user)
        people.bulk_update(some, ["name", "search_name", "search_short_name"], batch_size=BATCH)
        last_id = some[-1].pk


def fill_in(user: Any) -> None:
    if is_house_name(user.name):
        user.name = f"{user.name[:71]} (member)"
    for column, folded in search_columns(user.name).items():
        setattr(user, column, folded)


class Migration(migrations.Migration):

    dependencies = [
        ("wallet", "0009_openings"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="search_name",
            field=models.TextField(db_default="", default="", editable=False),
        ),
        migrations.AddField(
            model_name="user",
            name="search_short_name",
            field=models.TextField(db_default="", default="", editable=False),
        ),
        migrations.RunPython(fold_names, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("search_name__in", HOUSE_NAMES), _negated=True)
                & models.Q(("search_short_name__in", HOUSE_NAMES), _negated=True),
                name="user_name_does_not_read_like_the_houses",
            ),
        ),
    ]
