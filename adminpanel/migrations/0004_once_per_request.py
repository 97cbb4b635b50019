from django.db import migrations, models
from django.db.migrations.operations.special import RunPython

from adminpanel.guards import note_guards

NOTES = note_guards(unique=())


class Migration(migrations.Migration):

    dependencies = [
        ('adminpanel', '0003_names_then'),
    ]

    # SQLite makes the table anew, either way, and the guards of the old one go with it.
    operations = [
        RunPython(RunPython.noop, NOTES.install_in_migration),
        migrations.AddField(
            model_name='incident',
            name='request',
            field=models.UUIDField(editable=False, null=True, unique=True),
        ),
        migrations.AddField(
            model_name='note',
            name='request',
            field=models.UUIDField(editable=False, null=True, unique=True),
        ),
        RunPython(NOTES.install_in_migration, RunPython.noop),
    ]
