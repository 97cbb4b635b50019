from django.db import migrations

# By the key under which a reversal was posted. A proposal was about the whole amount until now.
FILL = """
    UPDATE adminpanel_reversalproposal
    SET amount_cents = (SELECT record.amount_cents FROM ledger_transaction record
                        WHERE record.id = adminpanel_reversalproposal.transaction_id),
        posted_id = (SELECT made.id FROM ledger_transaction made
                     WHERE made.created_by_id = adminpanel_reversalproposal.decided_by_id
                       AND made.idempotency_key = 'reversal ' || adminpanel_reversalproposal.id
                       AND adminpanel_reversalproposal.state = 'POSTED')"""


class Migration(migrations.Migration):
    dependencies = [
        ('adminpanel', '0022_partial_reversals'),
    ]

    notes = {"RunSQL": "Fills the proposals of staff in, a few hundred rows, in one batch."}

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
