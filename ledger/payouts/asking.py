"""Finance asks a rail now what became of a payment, without waiting for the schedule.

The page only makes the payment due. A worker claims it and calls, outside any transaction, so two
clicks or two people are one question.
"""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.models import Attempt
from ledger.models.attempts import State
from ledger.models.rail_events import Finding
from ledger.payouts.operations import Action, locked, record_act
from wallet.context import Context
from wallet.db.retries import committed
from wallet.errors import TooLate
from wallet.staff import roles
from wallet.staff.roles import Right

ASKABLE = (State.SENT, State.UNKNOWN)
NOT_ASKABLE = _(
    "Only a payment that was sent and hasn't ended can be asked about. Reload the page."
)
OTHER_AMOUNT = _(
    "The rail moved another amount than was ordered, so asking again won't help. Follow its "
    "incident."
)


@committed
def ask_now(context: Context, *, attempt_id: int) -> Attempt:
    """Have a worker ask the rail now. While it's being asked, nothing changes and it `is_replay`.

    Raises NotAllowed for people outside finance, and TooLate for a payment that wasn't sent or has
    ended, and for one whose rail moved another amount: its answer would say nothing of that.
    """
    assert context.actor_id
    roles.require(context.actor_id, Right.WORK)
    attempt = locked(attempt_id)
    if attempt.state not in ASKABLE and not is_being_asked(attempt):
        raise TooLate(NOT_ASKABLE)
    if moved_another_amount(attempt):
        raise TooLate(OTHER_AMOUNT)
    if is_being_asked(attempt):
        attempt.is_replay = True
        return attempt
    attempt.next_look_at = timezone.now()
    attempt.save(update_fields=["next_look_at"])
    record_act(context, Action.ASK_RAIL, attempt)
    return attempt


def is_being_asked(attempt: Attempt) -> bool:
    """Is a worker at it, or about to be?"""
    if attempt.state not in (State.SENDING, *ASKABLE):
        return False
    is_due = attempt.next_look_at is not None and attempt.next_look_at <= timezone.now()
    return is_due or attempt.is_held_by_a_worker


def may_be_asked(attempt: Attempt) -> bool:
    """Would `ask_now` go through?"""
    is_open = attempt.state in ASKABLE and not is_being_asked(attempt)
    return is_open and not moved_another_amount(attempt)


def moved_another_amount(attempt: Attempt) -> bool:
    return attempt.events.filter(finding=Finding.WRONG_AMOUNT).exists()
