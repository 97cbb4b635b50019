from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Q
from django.db.models.functions import Lower
from django.db.models.lookups import In

from wallet.names import is_house_name, search_columns

HOUSE_NAMES = ("nissmart", "the system", "system", "simulated rail", "mpesa", "m-pesa", "m pesa")
NEW_NAMES = HOUSE_NAMES[4:]


def rename(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """A member whose name reads like a name that is now the house's gets a suffix."""
    people = apps.get_model("wallet", "User").objects.alias(lower=Lower("name"))
    reads_like = Q(lower__in=NEW_NAMES) | Q(search_name__in=NEW_NAMES)
    for user in people.filter(reads_like | Q(search_short_name__in=NEW_NAMES)):
        assert is_house_name(user.name)
        user.name = f"{user.name[:71]} (member)"
        for column, folded in search_columns(user.name).items():
            setattr(user, column, folded)
        user.save()


class Migration(migrations.Migration):
    dependencies = [("wallet", "0015_ask_rail")]

    operations = [
        migrations.RunPython(rename, migrations.RunPython.noop),
        migrations.RemoveConstraint("user", "user_name_is_not_the_houses"),
        migrations.RemoveConstraint("user", "user_name_does_not_read_like_the_houses"),
        migrations.AddConstraint(
            "user",
            models.CheckConstraint(
                condition=~Q(In(Lower("name"), HOUSE_NAMES)), name="user_name_is_not_the_houses"
            ),
        ),
        migrations.AddConstraint(
            "user",
            models.CheckConstraint(
                condition=~Q(search_name__in=HOUSE_NAMES) & ~Q(search_short_name__in=HOUSE_NAMES),
                name="user_name_does_not_read_like_the_houses",
            ),
        ),
    ]
