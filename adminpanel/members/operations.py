"""Freeze and unfreeze a member, and reveal their phone and email. All of it is in the audit."""

from __future__ import annotations

from django.db import transaction

from wallet import operations
from wallet.context import Context
from wallet.db.retries import committed
from wallet.models import Account, User
from wallet.staff import audit, subjects


@committed
def freeze(context: Context, user_id: int) -> bool:
    """Stop money from leaving the member's wallet. False when it was frozen already.

    Raises a Refusal for the actor's own wallet, and Busy when a payment held it for too long.
    """
    return operations.freeze(context, Account.objects.wallet_id(user_id))


@committed
def unfreeze(context: Context, user_id: int) -> bool:
    """Let money leave the member's wallet again. False when it was not frozen.

    Raises as `freeze` does.
    """
    return operations.unfreeze(context, Account.objects.wallet_id(user_id))


@transaction.atomic
def reveal(context: Context, user_id: int) -> User:
    """The member with their phone and email, for one look. The audit keeps neither."""
    user = User.objects.get(pk=user_id)
    shown = [name for name in ("phone", "email") if getattr(user, name)]
    audit.record(context, audit.Action.REVEAL, subjects.member(user_id), shown=shown)
    return user
