"""The check of shapes that knows parts, and their indexes, added while others write."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from ledger.closing_guards import CLOSING
from ledger.goal_guards import LOCKED_MOVES, OWN_MOVES
from ledger.guards import HOLDS, transaction_guards
from ledger.part_guards import PARTS
from wallet.db.migrating import AddCheckOnline, AddIndexOnline

# SQLite writes the table anew for a constraint, and loses its guards with the old one.
GUARDS = (
    transaction_guards((
        *('id', 'reference', 'type', 'amount_cents', 'from_account_id', 'to_account_id'),
        *('description', 'created_by_id', 'idempotency_key', 'reverses_id', 'created_at', 'rail'),
        *('fee_cents', 'resolves_id'),
    ))
    | HOLDS
    | OWN_MOVES
    | LOCKED_MOVES
    | CLOSING
    | PARTS
)


def remove_on_sqlite(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "sqlite":
        GUARDS.remove(schema_editor.connection)


def install_on_sqlite(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "sqlite":
        GUARDS.install(schema_editor.connection)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("ledger", "0039_drop_old_shapes")]

    notes = {"RunPython": "Reads no row. SQLite writes the table anew, which loses its triggers."}

    operations = [
        migrations.RunPython(remove_on_sqlite, install_on_sqlite),
        AddIndexOnline(
            model_name='transaction',
            index=models.Index(condition=models.Q(('type', 'PARTIAL')), fields=['-id'], name='transaction_partials'),
        ),
        AddIndexOnline(
            model_name='transaction',
            index=models.Index(condition=models.Q(('part_of__isnull', False)), fields=['part_of'], name='transaction_parts'),
        ),
        AddCheckOnline(
            model_name='transaction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('fee_cents', 0), ('from_account__isnull', True), ('part_of__isnull', True), ('rail__gt', ''), ('resolves__isnull', True), ('reverses__isnull', True), ('status__in', ['PENDING', 'SUCCESS', 'FAILED']), ('to_account__isnull', False), ('type', 'DEPOSIT')), models.Q(('fee_cents', 0), ('from_account__isnull', False), ('part_of__isnull', True), ('rail', ''), ('resolves__isnull', True), ('reverses__isnull', True), ('status__in', ['SUCCESS']), ('to_account__isnull', False), ('type', 'TRANSFER')), models.Q(('from_account__isnull', False), ('part_of__isnull', True), ('rail__gt', ''), ('resolves__isnull', True), ('reverses__isnull', True), ('status__in', ['PENDING', 'SUCCESS', 'FAILED']), ('to_account__isnull', True), ('type', 'WITHDRAW')), models.Q(('fee_cents', 0), ('from_account__isnull', False), ('part_of__isnull', True), ('rail', ''), ('resolves__isnull', True), ('reverses__isnull', False), ('status__in', ['SUCCESS']), ('to_account__isnull', False), ('type', 'REVERSAL')), models.Q(('fee_cents', 0), ('from_account__isnull', False), ('part_of__isnull', True), ('rail', ''), ('resolves__isnull', True), ('reverses__isnull', False), ('status__in', ['SUCCESS']), ('to_account__isnull', True), ('type', 'REVERSAL')), models.Q(('fee_cents', 0), ('from_account__isnull', False), ('part_of__isnull', True), ('rail__gt', ''), ('resolves__isnull', True), ('reverses__isnull', False), ('status__in', ['SUCCESS']), ('to_account__isnull', True), ('type', 'REVERSAL')), models.Q(('fee_cents', 0), ('from_account__isnull', False), ('part_of__isnull', False), ('rail', ''), ('resolves__isnull', True), ('reverses__isnull', True), ('status__in', ['SUCCESS']), ('to_account__isnull', False), ('type', 'PARTIAL')), models.Q(('fee_cents', 0), ('from_account__isnull', False), ('part_of__isnull', False), ('rail', ''), ('resolves__isnull', True), ('reverses__isnull', True), ('status__in', ['SUCCESS']), ('to_account__isnull', True), ('type', 'PARTIAL')), models.Q(('fee_cents', 0), ('from_account__isnull', False), ('part_of__isnull', True), ('rail', ''), ('resolves__isnull', True), ('reverses__isnull', True), ('status__in', ['SUCCESS']), ('to_account__isnull', False), ('type', 'SAVE')), models.Q(('fee_cents', 0), ('from_account__isnull', False), ('part_of__isnull', True), ('rail', ''), ('resolves__isnull', True), ('reverses__isnull', True), ('status__in', ['SUCCESS']), ('to_account__isnull', False), ('type', 'TAKE')), models.Q(('fee_cents', 0), ('from_account__isnull', False), ('part_of__isnull', True), ('rail', ''), ('resolves__isnull', True), ('reverses__isnull', True), ('status__in', ['SUCCESS']), ('to_account__isnull', False), ('type', 'MOVE')), models.Q(('fee_cents', 0), ('from_account__isnull', True), ('part_of__isnull', True), ('rail__gt', ''), ('resolves__isnull', True), ('reverses__isnull', True), ('status__in', ['SUCCESS']), ('to_account__isnull', True), ('type', 'STRAY_IN')), models.Q(('fee_cents', 0), ('from_account__isnull', True), ('part_of__isnull', True), ('rail__gt', ''), ('reverses__isnull', True), ('status__in', ['SUCCESS']), ('to_account__isnull', True), ('type', 'STRAY_OUT')), models.Q(('fee_cents', 0), ('from_account__isnull', True), ('part_of__isnull', True), ('rail__gt', ''), ('resolves__isnull', True), ('reverses__isnull', True), ('status__in', ['SUCCESS']), ('to_account__isnull', True), ('type', 'CHARGE')), models.Q(('fee_cents', 0), ('from_account__isnull', True), ('part_of__isnull', True), ('rail', ''), ('resolves__isnull', False), ('reverses__isnull', True), ('status__in', ['SUCCESS']), ('to_account__isnull', False), ('type', 'ASSIGN')), models.Q(('fee_cents', 0), ('from_account__isnull', True), ('part_of__isnull', True), ('rail__gt', ''), ('resolves__isnull', False), ('reverses__isnull', True), ('status__in', ['PENDING', 'SUCCESS', 'FAILED']), ('to_account__isnull', True), ('type', 'RETURN')), models.Q(('fee_cents', 0), ('from_account__isnull', False), ('part_of__isnull', True), ('rail', ''), ('reverses__isnull', True), ('status__in', ['SUCCESS']), ('to_account__isnull', False), ('type', 'ADJUSTMENT')), models.Q(('fee_cents', 0), ('from_account__isnull', True), ('part_of__isnull', True), ('rail', ''), ('resolves__isnull', True), ('reverses__isnull', True), ('status__in', ['SUCCESS']), ('to_account__isnull', False), ('type', 'INTEREST')), models.Q(('fee_cents', 0), ('from_account__isnull', False), ('part_of__isnull', True), ('rail', ''), ('resolves__isnull', True), ('reverses__isnull', True), ('status__in', ['SUCCESS']), ('to_account__isnull', True), ('type', 'TAX')), _connector='OR'), name='transaction_shape_by_type'),
        ),
        migrations.RunPython(install_on_sqlite, remove_on_sqlite),
    ]
