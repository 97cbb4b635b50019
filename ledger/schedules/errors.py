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


class SavesAlready(Refusal):
    """A goal has one schedule at a time."""

    code = "saves_already"
    sentence = _("This goal already saves on a day. Change that instead.")


class TooManySchedules(Refusal):
    """`most` is how many a member may have that haven't ended."""

    code = "too_many_schedules"
    sentence = _("You can have up to {most} scheduled payments. Cancel one you don't need first.")
