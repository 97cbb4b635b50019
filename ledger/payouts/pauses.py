"""The switch that stops payouts: anyone of finance pauses them, two people let them go on.

No payout is sent while a pause holds: a worker looks when it claims one, and again right before the
call. Payments that were sent are still looked up, and deposits are still collected.
"""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.models import Pause
from wallet.context import Context
from wallet.db.retries import committed
from wallet.errors import NotAllowed, Refusal, TooLate
from wallet.staff import audit, roles, subjects
from wallet.staff.newcomers import refuse_newcomer
from wallet.staff.roles import Right

Action = audit.Action


@committed
def pause(context: Context, *, rail: str = "", until: datetime | None = None) -> Pause:
    """Stop payouts on this rail, or on all of them, until a time or until two people lift it.

    The context's reason is needed. The same person asking for the same again while it holds gets
    the same pause, marked `is_replay`; so does the system, whatever its reason. Raises NotAllowed
    for people outside finance, and a Refusal without a reason or with a time that has passed.
    """
    now = timezone.now()
    if not context.reason:
        raise Refusal(_("Say why payouts are paused."))
    if until is not None and until <= now:
        raise Refusal(_("This time has passed. Enter a later one."))
    holding = Pause.objects.holding(now).filter(rail=rail, paused_by=context.actor_id)
    if context.actor_id is not None:
        roles.require(context.actor_id, Right.WORK)
        holding = holding.filter(reason=context.reason, until=until)
    if earlier := holding.first():
        earlier.is_replay = True
        return earlier
    made = Pause.objects.create(
        rail=rail, reason=context.reason, paused_by_id=context.actor_id, until=until
    )
    record_act(context, Action.PAUSE_PAYOUTS, made)
    return made


@committed
def propose_lift(context: Context, *, pause_id: int) -> Pause:
    """Propose to let payouts go on. Raises NotAllowed for all but makers, and TooLate."""
    assert context.actor_id
    roles.require(context.actor_id, Right.PROPOSE)
    found = locked(pause_id)
    if found.lift_proposed_by_id == context.actor_id:
        found.is_replay = True
        return found
    found.lift_proposed_by_id = context.actor_id
    found.save(update_fields=["lift_proposed_by"])
    record_act(context, Action.PROPOSE_LIFT, found)
    return found


@committed
def lift(context: Context, *, pause_id: int) -> Pause:
    """Let payouts go on, as a colleague has proposed.

    Raises NotAllowed for the one who proposed it, for all but approvers and for new ones; a Refusal
    while no one has proposed it; TooLate when it's over.
    """
    assert context.actor_id
    roles.require(context.actor_id, Right.DECIDE)
    refuse_newcomer(context.actor_id)
    found = locked(pause_id, context.actor_id)
    if found.is_replay:
        return found
    if found.lift_proposed_by_id is None:
        raise Refusal(_("A colleague has to propose this first."))
    if found.lift_proposed_by_id == context.actor_id:
        raise NotAllowed(_("You proposed this, so a colleague decides it."))
    found.lifted_by_id, found.lifted_at = context.actor_id, timezone.now()
    found.save(update_fields=["lifted_by", "lifted_at"])
    record_act(context, Action.LIFT_PAUSE, found)
    return found


def locked(pause_id: int, lifter_id: int | None = None) -> Pause:
    """The pause, locked until commit. Raises Pause.DoesNotExist, and TooLate when it's lifted; the
    one who lifted it gets it marked as a replay."""
    found = Pause.objects.select_for_update().get(pk=pause_id)
    if found.lifted_at is None:
        return found
    if found.lifted_by_id != lifter_id:
        raise TooLate(_("Payouts were resumed before."))
    found.is_replay = True
    return found


def record_act(context: Context, action: audit.Action, about: Pause) -> None:
    audit.record(context, action, subjects.PAYOUTS, pause=about.pk, rail=about.rail)
