"""Freeze a member's wallet, or reveal their phone number and email. The audit records each."""

from __future__ import annotations

from django.db import transaction

from wallet import operations
from wallet.context import Context
from wallet.db.retries import committed
from wallet.models import Account, User
from wallet.staff import audit, roles, subjects
from wallet.staff.roles import Right


@committed
def freeze(context: Context, user_id: int) -> bool:
    """Stop money from leaving the member's wallet. False when it was already frozen.

    Raises NotAllowed outside finance, a Refusal for the actor's own wallet, and Busy when a
    payment holds it too long.
    """
    roles.require(context.actor_id, Right.WORK)
    return operations.freeze(context, Account.objects.wallet_id(user_id))


@transaction.atomic
def reveal(context: Context, user_id: int) -> User:
    """Return the member, to show phone number and email once. The audit stores neither of them."""
    roles.require(context.actor_id, Right.WORK)
    user = User.objects.get(pk=user_id)
    shown = [name for name in ("phone", "email") if getattr(user, name)]
    audit.record(context, audit.Action.REVEAL, subjects.member(user_id), shown=shown)
    return user
