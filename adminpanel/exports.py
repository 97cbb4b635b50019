"""Taking rows out of the house."""

from __future__ import annotations

from django.db import transaction

from ledger.models import Transaction
from wallet.staff import audit
from wallet.staff.finding import without_contact


@transaction.atomic
def export_ledger(*, actor_id: int, filters: dict[str, str], address: str) -> int:
    """Write down who takes which part of the ledger; returns the last id that belongs to it.

    Call it before the first row leaves: an export that breaks off has been taken all the same.
    """
    through_id = Transaction.objects.last_id()
    audit.record(
        audit.Action.EXPORT,
        "ledger",
        actor_id=actor_id,
        address=address,
        filters=kept(filters),
        through_id=through_id,
    )
    return through_id


def export_audit(*, actor_id: int, filters: dict[str, str], address: str) -> int:
    """As `export_ledger`, for the audit; returns the id of the act of exporting itself."""
    event = audit.record(
        audit.Action.EXPORT, "audit", actor_id=actor_id, address=address, filters=kept(filters)
    )
    return event.pk


def kept(filters: dict[str, str]) -> dict[str, str]:
    """As the audit keeps them, for ever: a phone or an email that was looked for is masked."""
    typed = {name: without_contact(filters[name]) for name in ("member", "q") if name in filters}
    return filters | typed
