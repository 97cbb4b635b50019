"""Encrypt the secrets of authenticator apps, and those that recovery codes are made from."""

from django.db import migrations

from wallet.sealing import seal, unseal

SECRETS = ("secret", "seed")


def replace(apps, change) -> None:
    for row in apps.get_model("mfa", "Authenticator").objects.exclude(type="webauthn"):
        changed = {name: change(row.data[name]) for name in SECRETS if name in row.data}
        if "migrated_codes" in row.data:
            changed["migrated_codes"] = [change(code) for code in row.data["migrated_codes"]]
        row.data |= changed
        row.save(update_fields=["data"])


def seal_all(apps, schema_editor) -> None:
    replace(apps, seal)


def unseal_all(apps, schema_editor) -> None:
    replace(apps, unseal)


class Migration(migrations.Migration):
    dependencies = [
        ("mfa", "0003_authenticator_type_uniq"),
        ("wallet", "0028_pending_sign_ins"),
    ]

    operations = [migrations.RunPython(seal_all, unseal_all)]
