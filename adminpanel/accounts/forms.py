"""Forms of the trial balance and of one account."""

from __future__ import annotations

from datetime import date, datetime

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from adminpanel.accounts import queries
from ledger.forms.filters import FilterForm, date_field
from ledger.models import Entry
from ledger.querysets import nairobi_day
from wallet.models import Account

# The browser's widget sends minutes; the URL may hold seconds too.
INSTANT = "%Y-%m-%dT%H:%M"


class DayForm(forms.Form):
    """Show the balances at the end of this day. Without a day, show them now."""

    on = date_field(_("At the end of"))

    def clean_on(self) -> date | None:
        day: date | None = self.cleaned_data["on"]
        if day and day > nairobi_day():
            raise forms.ValidationError(_("Enter today or an earlier day."))
        return day

    @property
    def instant(self) -> str:
        """The last second of the day, for `InstantForm`. Empty until the day is over."""
        day: date | None = self.cleaned_data.get("on")
        is_over = day and day < nairobi_day()
        return f"{day}T23:59:59" if day and is_over else ""


class InstantForm(forms.Form):
    """A past time in Nairobi. Entries within that second are included."""

    INVALID = _("Enter a date and a time, like 2026-11-20T14:30.")

    at = forms.DateTimeField(
        label=_("Date and time in Nairobi"),
        input_formats=[INSTANT, "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format=INSTANT),
        error_messages={"invalid": INVALID, "required": INVALID},
    )

    def clean_at(self) -> datetime:
        at: datetime = self.cleaned_data["at"]
        if at > timezone.now():
            raise forms.ValidationError(_("Enter a time in the past."))
        if at.year < 2000:
            raise forms.ValidationError(self.INVALID)
        return at.replace(microsecond=999_999)


class LinesFilter(FilterForm):
    """Type and period of an account's entries. Entries have no status, so that filter is gone."""

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        del self.fields["status"]

    def lines_of(self, account: Account) -> QuerySet[Entry]:
        """The account's entries that match. No rows if the form is invalid."""
        lines = queries.lines_of(account)
        if not self.is_valid():
            return lines.none()
        data = self.cleaned_data
        if data["type"]:
            lines = queries.of_type(account, lines, data["type"])
        return lines.filter(queries.in_days(data["from"], data["to"]))

    @property
    def has_period(self) -> bool:
        return bool(self.data.get("from") or self.data.get("to"))
