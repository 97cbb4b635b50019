"""The days that a report covers, the ones before, and the form that asks for them."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import Any, NamedTuple

from django import forms
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from adminpanel.reports import chart
from ledger.forms.filters import PeriodForm
from ledger.querysets import nairobi_day
from ledger.statements.period import DAYS_AT_MOST, Period
from wallet.web.fields import PickField

EARLIEST = date(2000, 3, 1)
# All members together: wallets and savings goals.
MEMBERS = ""


def month_of(day: date, last: date | None = None) -> Period:
    """The whole month of this day, or up to `last`."""
    end = day.replace(day=monthrange(day.year, day.month)[1])
    return Period(day.replace(day=1), min(end, last or end))


def before(span: Period) -> Period:
    """The period to compare with: as many days, right before.

    For days from the first of a month on, the same days of the month before, and for a whole
    month the whole one before, as people compare months.
    """
    first, last = span
    is_in_month = first.day == 1 and (first.year, first.month) == (last.year, last.month)
    if not is_in_month:
        days = last - first
        return Period(first - timedelta(days=1) - days, first - timedelta(days=1))
    earlier = month_of(first - timedelta(days=1))
    if last == month_of(first).last:
        return earlier
    return Period(earlier.first, min(earlier.last, earlier.first.replace(day=1) + (last - first)))


class Choice(NamedTuple):
    """A link to a usual period."""

    label: str
    span: Period
    query: str


class SpanForm(PeriodForm):
    """From and to, Nairobi days. This month so far, where none is given."""

    def __init__(self, data: QueryDict) -> None:
        today = nairobi_day()
        filled = data.copy()
        if not data.get("from") and not data.get("to"):
            filled["from"], filled["to"] = str(today.replace(day=1)), str(today)
        super().__init__(filled)
        self.order_fields(["from", "to"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.errors:
            return cleaned
        today = nairobi_day()
        last = min(cleaned["to"] or today, today)
        first = cleaned["from"] or last.replace(day=1)
        if first > today:
            self.add_error("from", _("Enter a date up to today."))
        elif first > last:
            self.add_error("to", _("Enter a date on or after the first one."))
        elif first < EARLIEST:
            self.add_error("from", _("Enter a later date."))
        elif (last - first).days >= DAYS_AT_MOST:
            self.add_error("to", str(TOO_LONG_REPORT))
        cleaned["span"] = Period(first, last)
        return cleaned

    @cached_property
    def span(self) -> Period:
        """The days asked for. Only of a valid form."""
        found: Period = self.cleaned_data["span"]
        return found

    @property
    def shown(self) -> Period | None:
        """The days, for a page that may show a wrong form."""
        return self.cleaned_data.get("span") if self.is_valid() else None

    @property
    def more(self) -> dict[str, str]:
        """What else the URL says, for links to other days."""
        return {}

    @property
    def query(self) -> str:
        return self.query_of(self.span)

    def query_of(self, span: Period) -> str:
        return urlencode({"from": str(span.first), "to": str(span.last)} | self.more)

    @property
    def choices(self) -> list[Choice]:
        today = nairobi_day()
        week = Period(today - timedelta(days=6), today)
        last_month = month_of(today.replace(day=1) - timedelta(days=1))
        yesterday = today - timedelta(days=1)
        found = [
            (_("Today"), Period(today, today)),
            (_("Yesterday"), Period(yesterday, yesterday)),
            (_("Last 7 days"), week),
            (_("This month"), month_of(today, today)),
            (_("Last month"), last_month),
        ]
        return [Choice(label, span, self.query_of(span)) for label, span in found]


TOO_LONG_REPORT = _lazy("A report covers up to 12 months. Choose a shorter period.")


class AccountSpanForm(SpanForm):
    """The days, and one account of the books or all of members'."""

    account = PickField(label=_lazy("Account"), required=False)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        field = self.fields["account"]
        assert isinstance(field, forms.ChoiceField)
        found = [(one.code, f"{one.code} {one.label}") for one in chart.accounts()]
        field.choices = [(MEMBERS, _("All that we owe members")), *found]

    @property
    def more(self) -> dict[str, str]:
        code = self.data.get("account", "")
        return {"account": code} if code else {}

    @property
    def picked(self) -> list[chart.BookAccount]:
        """The accounts to report on: one, or wallets and goals together."""
        code = self.cleaned_data["account"]
        if code:
            return [one for one in chart.accounts() if one.code == code]
        return [one for one in chart.accounts() if one.house_id is None]
