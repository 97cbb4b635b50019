"""Staff notes on transactions. A note never changes."""

from __future__ import annotations

from adminpanel.models import Note
from ledger.models import Transaction
from wallet.context import Context
from wallet.db.retries import committed
from wallet.staff import audit, roles, subjects
from wallet.staff.roles import Right


@committed
def write(context: Context, *, transaction_id: int, text: str) -> Note:
    """Add a note. To correct a note, add another.

    A retry with the same key and text returns the first note. Raises NotAllowed outside finance.
    """
    roles.require(context.actor_id, Right.WORK)
    request = context.request_id(transaction_id, text)
    if request and (earlier := Note.objects.filter(request=request).first()):
        return earlier
    record = Transaction.objects.get(pk=transaction_id)
    note = Note.objects.create(
        transaction=record,
        author_id=context.actor_id,
        author_name=audit.name_of(context.actor_id),
        text=text,
        request=request,
    )
    audit.record(context, audit.Action.NOTE, subjects.transaction(record.reference), note=note.pk)
    return note
