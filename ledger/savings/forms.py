"""The forms of savings goals."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ledger.due_days import FURTHEST, TOO_FAR
from ledger.forms.moves import OrderForm, new_key
from ledger.goal_errors import GoalKeyReused
from ledger.kinds import MOVE, SAVE, TAKE, Kind
from ledger.models import AutoSaving, Goal, Picture
from ledger.operations import Order
from ledger.querysets import nairobi_day
from ledger.savings import operations
from wallet.errors import Refusal
from wallet.folding import fold
from wallet.money import format_money
from wallet.web.fields import AmountField, KeyField, LineField, PickField

NAME_LENGTH = 40
DATE_FORMAT = _("Enter a date, like 2026-11-22.")


class PlanForm(forms.Form):
    """What a member saves for. With `goal`, it changes that one."""

    picture = PickField(
        label=_("Picture"),
        choices=Picture.choices,
        initial=Picture.JAR,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a picture.")},
    )
    name = LineField(
        label=_("What are you saving for?"),
        max_length=NAME_LENGTH,
        help_text=_("For example school fees, rent or a phone. No other member sees it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Enter what you are saving for.")},
    )
    target = AmountField(label=_("Target in KES (optional)"), required=False)
    by = forms.DateField(
        label=_("By (optional)"),
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": DATE_FORMAT},
        validators=[MaxValueValidator(date(2999, 12, 31), DATE_FORMAT)],
    )
    idempotency_key = KeyField()

    def __init__(self, *args: Any, goal: Goal | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.goal = goal

    def clean_by(self) -> date | None:
        """A day after today, unless it stays as it was."""
        day: date | None = self.cleaned_data["by"]
        is_same = self.goal is not None and day == self.goal.target_date
        if day and day <= nairobi_day() and not is_same:
            raise ValidationError(_("Choose a day after today."), code="past")
        return day

    def refuse(self, error: Refusal) -> None:
        """Show the refusal. A form that came back with the Back button gets a new key."""
        if not isinstance(error, GoalKeyReused):
            self.add_error(None, str(error))
            return
        self.data = {name: self.data[name] for name in self.data} | {"idempotency_key": new_key()}
        self.add_error(
            None, _("This form has opened a goal already. Press the button to open this one too.")
        )

    @property
    def plan(self) -> operations.GoalPlan:
        """What was filled in. The form must be valid."""
        data = self.cleaned_data
        return operations.GoalPlan(data["name"], data["picture"], data["target"], data["by"])


class LockForm(forms.Form):
    """Until a day, or until the target if there is one still to reach."""

    TARGET, DAY = "target", "day"

    rule = PickField(
        label=_("Lock it"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose until when.")},
    )
    until = forms.DateField(
        label=_("Day"),
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": DATE_FORMAT},
        help_text=_("You can take the money out from this day on."),
    )

    def __init__(self, *args: Any, goal: Goal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_target = bool(goal.target_cents) and not goal.is_reached
        field = self.fields["rule"]
        assert isinstance(field, forms.ChoiceField)
        to_target = [(self.TARGET, _("Until I reach the target"))] if self.has_target else []
        field.choices = [(self.DAY, _("Until a day")), *to_target]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("rule") == self.DAY and not self.has_error("until"):
            self.check_day(cleaned.get("until"))
        return cleaned

    def check_day(self, day: date | None) -> None:
        today = nairobi_day()
        if day is None:
            self.add_error("until", _("Enter the day."))
        elif day <= today:
            self.add_error("until", _("Choose a day after today."))
        elif day > today + FURTHEST:
            self.add_error("until", TOO_FAR)

    @property
    def until_day(self) -> date | None:
        """The day; None for the target. The form must be valid."""
        is_day = self.cleaned_data["rule"] == self.DAY
        return self.cleaned_data["until"] if is_day else None


class UnlockForm(forms.Form):
    """The goal's name, so that no stray click asks for the money."""

    name = LineField(
        max_length=NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Type the goal's name.")},
    )

    def __init__(self, *args: Any, goal: Goal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.goal = goal
        self.fields["name"].label = _("Type {name} to ask").format(name=goal.name)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if fold(name) != fold(self.goal.name):
            raise ValidationError(_("This isn't the goal's name. Type it as it's shown."))
        return name


class AutoSavingForm(forms.Form):
    """How much is saved by itself."""

    how_much = PickField(
        label=_("How much"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose how much.")},
    )
    argument: str
    # The second is chosen at first.
    choices: list[tuple[int, Any]]

    def __init__(self, *args: Any, rule: AutoSaving | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["how_much"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = self.choices
        field.initial = getattr(rule, self.argument, None) or self.choices[1][0]

    @property
    def measure(self) -> dict[str, int]:
        """The argument of `automatic.turn_on`. The form must be valid."""
        return {self.argument: int(self.cleaned_data["how_much"])}


class PartForm(AutoSavingForm):
    argument = "percent"
    choices = [
        (percent, format_lazy(_("{percent}% of each deposit"), percent=percent))
        for percent in (5, 10, 20, 50)
    ]


class RoundForm(AutoSavingForm):
    argument = "step_cents"
    choices = [
        (cents, format_lazy(_("Up to the next {amount}"), amount=format_money(cents)))
        for cents in (10_00, 50_00, 100_00)
    ]


class MoveForm(OrderForm):
    """An amount that moves between a goal and the wallet, one way or the other."""

    description = None  # type: ignore[assignment]

    def __init__(self, *args: Any, goal: Goal, **kwargs: Any) -> None:
        super().__init__(*args, account=goal.account, **kwargs)
        self.goal = goal

    def order(self) -> Order:
        cents = self.cleaned_data["amount"]
        if self.kind is SAVE:
            return operations.order_to_add(self.goal, cents)
        return operations.order_to_take(self.goal, cents)


class BetweenForm(MoveForm):
    """An amount that moves to another goal of the same member."""

    field_order = ["to", "amount"]

    to = PickField(label=_("To"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owner_id = self.goal.account.user_id
        assert owner_id
        open_goals = Goal.objects.of_member(owner_id).open().exclude(pk=self.goal.pk)
        self.others = {str(goal.pk): goal for goal in open_goals}
        field = self.fields["to"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(pk, goal.name) for pk, goal in self.others.items()]

    def order(self) -> Order:
        data = self.cleaned_data
        return operations.order_to_move(self.goal, self.others[data["to"]], data["amount"])


FORMS: dict[Kind, type[MoveForm]] = {SAVE: MoveForm, TAKE: MoveForm, MOVE: BetweenForm}
