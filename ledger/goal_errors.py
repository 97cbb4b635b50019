"""Reasons to refuse what a member does with a savings goal."""

from django.utils.translation import gettext_lazy as _

from ledger.errors import BalanceLimitReached, InsufficientFunds
from wallet.errors import Refusal


class GoalFull(BalanceLimitReached):
    sentence = _("A goal holds up to {limit}. You can add {room} more.")


class GoalShort(InsufficientFunds):
    sentence = _("This goal has {available}. Enter that or less.")


class GoalClosed(Refusal):
    code = "goal_closed"
    sentence = _("This goal is closed, so money can't move in or out of it.")


class GoalLocked(Refusal):
    code = "goal_locked"
    sentence = _("This goal is locked, so money can't leave it yet. You can still add money.")


class NoLock(Refusal):
    """There is no lock to change, or none that can be set."""

    code = "no_lock"
    sentence = _("This goal isn't locked, or the lock you ask for would be over already.")


class GoalKeyReused(Refusal):
    """The idempotency key has already opened another goal."""

    code = "idempotency_key_reused"
    sentence = _("This key already opened another goal. Use a new key for a new goal.")


class TooManyGoals(Refusal):
    """`most` is how many open goals a member may have."""

    code = "too_many_goals"
    sentence = _("You can have up to {most} goals. Close one you don't need first.")
