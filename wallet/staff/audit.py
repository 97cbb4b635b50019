"""What staff did: written once, in the transaction of the act itself."""

from __future__ import annotations

from typing import Any

from wallet.models import AuditEvent, User

Action = AuditEvent.Action


def record(
    action: AuditEvent.Action,
    subject: str,
    *,
    actor_id: int | None,
    reason: str = "",
    address: str = "",
    **facts: Any,
) -> AuditEvent:
    """Write one act down, with the name that the actor has now.

    `actor_id` is None when the system acted by itself; `address` is the network address the
    actor called from. `facts` are JSON values, such as what stood before and after. Call it
    inside the transaction of the act, so that neither is there without the other.
    """
    return AuditEvent.objects.create(
        action=action,
        subject=subject,
        actor_id=actor_id,
        actor_name=name_of(actor_id),
        reason=reason,
        address=address,
        facts=facts,
    )


def name_of(actor_id: int | None) -> str:
    """The name that they have now, to keep beside what they do; empty for the system."""
    if actor_id is None:
        return ""
    return User.objects.values_list("name", flat=True).get(pk=actor_id)
