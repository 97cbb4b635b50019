"""Write audit events, in the transaction of the action they record."""

from __future__ import annotations

from typing import Any

from wallet.context import Context
from wallet.models import AuditEvent, User
from wallet.staff.subjects import Subject

Action = AuditEvent.Action


def record(
    context: Context, action: AuditEvent.Action, subject: Subject, **facts: Any
) -> AuditEvent:
    """Record one action, with the current name of the staff who did it.

    `facts` are JSON values, such as the values before and after. Call it inside the action's
    transaction, so that both are committed or neither is.
    """
    return AuditEvent.objects.create(
        action=action,
        subject=str(subject),
        actor_id=context.actor_id,
        actor_name="" if action in AuditEvent.BY_MEMBERS else name_of(context.actor_id),
        reason=context.reason,
        ip_address=context.ip_address,
        facts=facts,
    )


def name_of(actor_id: int | None) -> str:
    """The actor's current name; empty for the system."""
    if actor_id is None:
        return ""
    return User.objects.values_list("name", flat=True).get(pk=actor_id)
