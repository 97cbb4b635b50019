from django.conf import settings
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def split_finance(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Everyone in finance could both make and approve, and still can: now by two groups."""
    group = apps.get_model("auth", "Group")
    group.objects.get_or_create(name="support")
    approver, _is_new = group.objects.get_or_create(name="finance approver")
    user = apps.get_model(*settings.AUTH_USER_MODEL.split("."))
    for person in user.objects.filter(groups__name="finance"):
        person.groups.add(approver)


class Migration(migrations.Migration):
    dependencies = [
        ("adminpanel", "0009_unfreezings"),
        ("auth", "0012_alter_user_first_name_max_length"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [migrations.RunPython(split_finance, migrations.RunPython.noop)]
