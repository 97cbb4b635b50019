"""The forms of schedules: Send with days, and saving with days."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from ledger.due_days import FURTHEST, LONGEST, TOO_FAR, Days, Every
from ledger.forms.filters import date_field
from ledger.forms.moves import PayeeForm, new_key
from ledger.kinds import TRANSFER
from ledger.models import Schedule
from ledger.schedules.booking import due_day
from ledger.schedules.operations import SchedulePlan
from wallet.models import User
from wallet.money import format_amount
from wallet.web.fields import AmountField, KeyField, PickField

# In `again`: the payee stays who it is. It can't be a transaction's reference.
SAME = "same"
LAST_DAY = _("31 or the last day")
ONCE = (Every.ONCE, _("Once"))
REGULAR = [(Every.WEEK, _("Weekly")), (Every.MONTH, _("Monthly"))]


def every_field(*choices: tuple[str, Any]) -> PickField:
    return PickField(
        label=_("How often?"),
        choices=choices,
        initial=Every.MONTH,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose how often.")},
    )


class RhythmForm(forms.Form):
    """On which days. Only the field of the chosen rhythm counts."""

    every = every_field(*REGULAR)
    weekday = PickField(
        label=_("On this weekday"),
        choices=[(str(number + 1), name) for number, name in WEEKDAYS.items()],
        required=False,
    )
    monthday = PickField(
        label=_("On this day of the month"),
        choices=[*((str(day), str(day)) for day in range(1, LONGEST)), (str(LONGEST), LAST_DAY)],
        help_text=_("In a shorter month, on its last day."),
        required=False,
    )
    day_fields = {"weekday": Every.WEEK, "monthday": Every.MONTH}

    def clean(self) -> dict[str, Any]:
        # First: what a form says of a stranger depends on all its other errors.
        self.check_days()
        return super().clean() or {}

    def check_days(self) -> None:
        cleaned = self.cleaned_data
        for name, its_rhythm in self.day_fields.items():
            if cleaned.get("every") != its_rhythm:
                self.errors.pop(name, None)
            elif not cleaned.get(name) and not self.has_error(name):
                self.add_error(name, _("Choose the day."))

    @property
    def days(self) -> Days:
        """The form must be valid."""
        data = self.cleaned_data
        if data["every"] == Every.WEEK:
            return Days(Every.WEEK, int(data["weekday"]))
        return Days(Every.MONTH, int(data["monthday"]))


class SavingForm(RhythmForm):
    """How much goes into a goal on its days."""

    field_order = ["amount", "every"]

    amount = AmountField()
    idempotency_key = KeyField(initial=new_key)


class ScheduleForm(RhythmForm, PayeeForm):
    """A payment. With `schedule`, it changes that one."""

    field_order = ["amount", "again", "recipient", "every", "on", "weekday", "monthday"]

    every = every_field(ONCE, *REGULAR)
    on = date_field(_("On this date"))
    day_fields = {"on": Every.ONCE} | RhythmForm.day_fields

    def __init__(self, *args: Any, schedule: Schedule | None = None, **kwargs: Any) -> None:
        self.schedule = schedule
        super().__init__(*args, kind=TRANSFER, **kwargs)

    @cached_property
    def known_payee(self) -> User | None:
        if not self.schedule or self["again"].value() != SAME:
            found: User | None = super().known_payee
            return found
        return None if self["recipient"].value() else self.schedule.payee

    def check_days(self) -> None:
        super().check_days()
        cleaned = self.cleaned_data
        if cleaned.get("every") == Every.ONCE and (day := cleaned.get("on")):
            self.check_date(day)

    def check_date(self, day: date) -> None:
        if day <= due_day():
            self.add_error("on", _("Choose a day that is still to come."))
        elif day > due_day() + FURTHEST:
            self.add_error("on", TOO_FAR)

    @property
    def days(self) -> Days:
        """The form must be valid."""
        if self.cleaned_data["every"] == Every.ONCE:
            return Days(Every.ONCE, on=self.cleaned_data["on"])
        return super().days

    @property
    def plan(self) -> SchedulePlan:
        """What was filled in. The form must be valid."""
        return SchedulePlan(self.order(), self.days)


def initial_of(schedule: Schedule) -> dict[str, Any]:
    """The form's values for a schedule that is to be changed."""
    day = str(schedule.day or "")
    return {
        "amount": format_amount(schedule.amount_cents),
        "again": SAME,
        "every": schedule.every,
        "on": schedule.on,
        "weekday": day if schedule.every == Every.WEEK else "",
        "monthday": day if schedule.every == Every.MONTH else "",
        "description": schedule.note,
    }
