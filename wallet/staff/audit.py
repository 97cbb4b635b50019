"""What staff did: written once, in the transaction of the act itself."""

from __future__ import annotations

from typing import Any

from wallet.context import Context
from wallet.models import AuditEvent, User
from wallet.staff.subjects import Subject

Action = AuditEvent.Action


def record(
    context: Context, action: AuditEvent.Action, subject: Subject, **facts: Any
) -> AuditEvent:
    """Write one act down, with the name that the actor has now.

    `facts` are JSON values, such as what stood before and after. Call it inside the transaction
    of the act, so that neither is there without the other.
    """
    return AuditEvent.objects.create(
        action=action,
        subject=str(subject),
        actor_id=context.actor_id,
        actor_name=name_of(context.actor_id),
        reason=context.reason,
        ip_address=context.ip_address,
        facts=facts,
    )


def name_of(actor_id: int | None) -> str:
    """The name that they have now, to keep beside what they do; empty for the system."""
    if actor_id is None:
        return ""
    return User.objects.values_list("name", flat=True).get(pk=actor_id)
