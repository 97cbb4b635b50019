"""Reasons to refuse a change of a schedule."""

from django.utils.translation import gettext_lazy as _

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
    sentence = _("Choose a day within the next five years.")
    field = "on"


class DayMissing(Refusal):
    """How often, without the day that belongs to it, or with another's."""

    code = "invalid_request"
    sentence = _(
        "Once has a date in on. Week has a day of 1 to 7, 1 is Monday. Month has a day of 1 to 31."
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
