from django.db import migrations, models
from django.db.models import F, Q


def read_what_is_there(apps, schema_editor):
    """Until now there was no page to read messages on. They aren't news."""
    messages = apps.get_model("wallet", "Message").objects
    messages.filter(read_at__isnull=True).update(read_at=F("created_at"))


class Migration(migrations.Migration):

    dependencies = [
        ('wallet', '0033_goal_locks'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='read_at',
            field=models.DateTimeField(null=True, verbose_name='read'),
        ),
        migrations.RunPython(read_what_is_there, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(
                condition=Q(read_at__isnull=True), fields=['user'], name='message_unread'
            ),
        ),
    ]
