"""Notes: what one of the team wrote about a transaction, for good."""

from __future__ import annotations

from uuid import UUID

from adminpanel.models import Note
from adminpanel.once import request_id
from ledger.models import Transaction
from wallet.db.retries import committed
from wallet.staff import audit


@committed
def write(
    *, actor_id: int, transaction_id: int, text: str, key: UUID | None = None, address: str = ""
) -> Note:
    """Write a note. It is never changed; what was wrong in it is put right by another one.

    The same words with the same key give the note that they wrote the first time.
    """
    request = request_id(key, actor_id, transaction_id, text)
    if request and (earlier := Note.objects.filter(request=request).first()):
        return earlier
    record = Transaction.objects.get(pk=transaction_id)
    note = Note.objects.create(
        transaction=record,
        author_id=actor_id,
        author_name=audit.name_of(actor_id),
        text=text,
        request=request,
    )
    audit.record(
        audit.Action.NOTE,
        f"transaction {record.reference}",
        actor_id=actor_id,
        address=address,
        note=note.pk,
    )
    return note
