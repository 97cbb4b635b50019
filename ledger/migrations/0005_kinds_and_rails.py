from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Q

import ledger.kinds.registry
from ledger import guards

# What never changes, before and since.
BEFORE = (
    "id",
    "reference",
    "type",
    "amount_cents",
    "from_account_id",
    "to_account_id",
    "description",
    "created_by_id",
    "idempotency_key",
    "reverses_id",
    "created_at",
)
SINCE = (*BEFORE, "rail")


def name_the_rail(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """All that crossed the edge of the house so far went over the one rail there was."""
    records = apps.get_model("ledger", "Transaction").objects
    outside = Q(from_account__isnull=True) | Q(to_account__isnull=True)
    records.filter(outside).update(rail="simulated")


def shape(type: str, statuses: list[str], source: bool, target: bool, reverses: bool = False) -> Q:
    rail = {"rail": ""} if source and target else {"rail__gt": ""}
    return Q(
        type=type,
        status__in=statuses,
        from_account__isnull=not source,
        to_account__isnull=not target,
        reverses__isnull=not reverses,
        **rail,
    )


EACH = ["PENDING", "SUCCESS", "FAILED"]
DONE = ["SUCCESS"]
SHAPES = (
    shape("DEPOSIT", EACH, source=False, target=True)
    | shape("TRANSFER", DONE, source=True, target=True)
    | shape("WITHDRAW", EACH, source=True, target=False)
    | shape("REVERSAL", DONE, source=True, target=True, reverses=True)
    | shape("REVERSAL", DONE, source=True, target=False, reverses=True)
)


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0004_house_lines_by_time"),
        ("wallet", "0011_account_kinds"),
    ]

    # The guards refuse every change of a transaction, so they are lifted while the rail is written
    # into old ones. SQLite writes the table anew, and would lose them with the old one anyway.
    operations = [
        migrations.RunPython(
            guards.transaction_guards(BEFORE).remove_in_migration,
            guards.transaction_guards(BEFORE).install_in_migration,
        ),
        migrations.RemoveConstraint("transaction", "transaction_shape_by_type"),
        migrations.RemoveConstraint("transaction", "transaction_reversal_names_another"),
        migrations.AddField(
            "transaction",
            "rail",
            models.CharField(blank=True, editable=False, max_length=16, verbose_name="rail"),
        ),
        migrations.RunPython(name_the_rail, migrations.RunPython.noop),
        migrations.AlterField(
            "dailytotal",
            "type",
            models.CharField(choices=ledger.kinds.registry.choices, max_length=10),
        ),
        migrations.AlterField(
            "transaction",
            "type",
            models.CharField(
                choices=ledger.kinds.registry.choices, max_length=10, verbose_name="type"
            ),
        ),
        migrations.AddConstraint(
            "transaction",
            models.CheckConstraint(condition=SHAPES, name="transaction_shape_by_type"),
        ),
        migrations.RunPython(
            guards.transaction_guards(SINCE).install_in_migration,
            guards.transaction_guards(SINCE).remove_in_migration,
        ),
    ]
