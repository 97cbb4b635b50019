from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("wallet", "0005_names_and_help")]

    operations = [
        migrations.AddIndex("user", models.Index(fields=["created_at"], name="user_by_time")),
    ]
