"""Notes: what one of the team wrote about a transaction, for good."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from adminpanel.models import Note
from ledger.models import Transaction
from ledger.operations.retries import committed
from wallet import audit


@committed
def write(*, actor_id: int, transaction_id: int, text: str, address: str = "") -> Note:
    """Write a note. It is never changed; what was wrong in it is put right by another one.

    The same words again from the same hand within a minute are a second click, and no news.
    """
    record = Transaction.objects.get(pk=transaction_id)
    last = record.notes.order_by("-pk").first()
    if last and (last.author_id, last.text) == (actor_id, text) and is_fresh(last.created_at):
        return last
    note = Note.objects.create(
        transaction=record,
        author_id=actor_id,
        author_name=audit.name_of(actor_id),
        text=text,
    )
    audit.record(
        audit.Action.NOTE,
        f"transaction {record.reference}",
        actor_id=actor_id,
        address=address,
        note=note.pk,
    )
    return note


def is_fresh(at: datetime) -> bool:
    return timezone.now() - at < timedelta(minutes=1)
