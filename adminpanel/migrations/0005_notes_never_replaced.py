from django.db import migrations

from adminpanel.guards import note_guards

BEFORE = note_guards(unique=())
SINCE = note_guards(unique=("request",))


class Migration(migrations.Migration):

    dependencies = [
        ('adminpanel', '0004_once_per_request'),
    ]

    # SQLite's INSERT OR REPLACE could delete a note that has the same request.
    operations = [
        migrations.RunPython(SINCE.install_in_migration, BEFORE.install_in_migration),
    ]
