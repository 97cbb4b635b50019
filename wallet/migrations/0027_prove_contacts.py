"""People from before have 30 days to prove their contacts. Until then these count as before."""

from datetime import timedelta

from django.db import migrations, models
from django.db.models import Q
from django.utils import timezone


def ask_for_proof(apps, schema_editor):
    people = apps.get_model("wallet", "User").objects.filter(
        Q(phone__isnull=False) | Q(email__isnull=False)
    )
    people.update(prove_by=timezone.now() + timedelta(days=30))


class Migration(migrations.Migration):
    dependencies = [("wallet", "0026_claims")]

    operations = [
        migrations.RunPython(ask_for_proof, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('email__isnull', True), ('email_proved_at__isnull', True)), models.Q(('email__isnull', False), ('email_proved_at__isnull', False)), models.Q(('email__isnull', False), ('prove_by__isnull', False)), _connector='OR'), name='user_email_is_proved'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('phone__isnull', True), ('phone_proved_at__isnull', True)), models.Q(('phone__isnull', False), ('phone_proved_at__isnull', False)), models.Q(('phone__isnull', False), ('prove_by__isnull', False)), _connector='OR'), name='user_phone_is_proved'),
        ),
    ]
