"""Reasons to refuse a change of a schedule."""

from django.utils.translation import gettext_lazy as _

from ledger.due_days import TOO_FAR
from wallet.errors import Refusal


class ScheduleEnded(Refusal):
    code = "schedule_ended"
    sentence = _("This schedule has ended. Make a new one.")


class NoDayLeft(Refusal):
    """A schedule for one day, and that day is over."""

    code = "no_day_left"
    sentence = _("That day is over. Choose a later one.")
    field = "on"


class DayTooFar(Refusal):
    code = "invalid_request"
    sentence = TOO_FAR
    field = "on"


class DayMissing(Refusal):
    """The day for this rhythm is missing, or it's another rhythm's."""

    code = "invalid_request"
    sentence = _(
        'With "once" send "on", a date. With "week" send "day" from 1 (Monday) to 7. '
        'With "month" send "day" from 1 to 31.'
    )
    field = "day"


class ScheduleKeyReused(Refusal):
    """The idempotency key has already made another schedule."""

    code = "idempotency_key_reused"
    sentence = _("This key already made another schedule. Use a new key for a new schedule.")


class GoalReached(Refusal):
    code = "goal_reached"
    sentence = _("This goal has reached its target.")


class SavesAlready(Refusal):
    """A goal has one schedule at a time."""

    code = "saves_already"
    sentence = _("This goal already saves on a day. Change that instead.")


class TooManySchedules(Refusal):
    """`most` is how many a member may have that haven't ended."""

    code = "too_many_schedules"
    sentence = _("You can have up to {most} scheduled payments. Cancel one you don't need first.")
