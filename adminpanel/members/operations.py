"""Freeze and unfreeze a member, and show how they are reached. All of it goes into the audit."""

from __future__ import annotations

from django.db import transaction

from wallet import operations as wallet_operations
from wallet.db.retries import committed
from wallet.models import Account, User
from wallet.staff import audit

Refused = wallet_operations.Refused


@committed
def freeze(user_id: int, *, actor_id: int, reason: str, address: str) -> bool:
    """Stop money from leaving the member's wallet. False when it was frozen already.

    Raises Refused for one's own wallet, and Busy when a payment of theirs held it for too long.
    """
    account_id = Account.objects.wallet_id(user_id)
    return wallet_operations.freeze(account_id, actor_id=actor_id, reason=reason, address=address)


@committed
def unfreeze(user_id: int, *, actor_id: int, reason: str, address: str) -> bool:
    """Let money leave the member's wallet again. False when it was not frozen.

    Raises as `freeze` does.
    """
    account_id = Account.objects.wallet_id(user_id)
    return wallet_operations.unfreeze(account_id, actor_id=actor_id, reason=reason, address=address)


@transaction.atomic
def reveal(user_id: int, *, actor_id: int, reason: str, address: str) -> User:
    """The member with their phone and email, for one look. The audit keeps neither."""
    user = User.objects.get(pk=user_id)
    shown = [name for name in ("phone", "email") if getattr(user, name)]
    audit.record(
        audit.Action.REVEAL,
        f"member {user_id}",
        actor_id=actor_id,
        reason=reason,
        address=address,
        shown=shown,
    )
    return user
