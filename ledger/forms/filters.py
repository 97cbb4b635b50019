"""Filter forms for lists of transactions. The filters live in the URL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import QueryDict
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from ledger import kinds
from ledger.querysets import TransactionQuerySet
from ledger.status import Status
from wallet.money import format_money
from wallet.web.fields import AmountField, PastedField, PickField


def date_field(label: Any) -> forms.DateField:
    problem = _("Enter a date, like 2026-11-22.")
    return forms.DateField(
        label=label,
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": problem},
        # Near `date.min` and `date.max` the conversion to another time zone overflows.
        validators=[
            MinValueValidator(date(2000, 1, 1), problem),
            MaxValueValidator(date(2999, 12, 31), problem),
        ],
    )


class PeriodForm(forms.Form):
    """A period of Nairobi days. Each list's form extends it."""

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        # `from` is a Python keyword, so it can't be a class attribute; URLs need that name.
        self.fields["from"] = date_field(_("From"))
        self.fields["to"] = date_field(_("To"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("from"), cleaned.get("to")
        if first and last and first > last:
            self.add_error("to", _("Enter a date on or after the first one."))
        return cleaned

    @property
    def is_filtered(self) -> bool:
        return bool(self.active)

    @property
    def active(self) -> dict[str, str]:
        """The active filters with their text."""
        return {name: value for name in self.fields if (value := self.data.get(name))}

    @property
    def chips(self) -> list[tuple[str, str]]:
        """(words, query string without this filter) for each active filter."""
        chips = []
        for name, field in self.fields.items():
            if value := self.data.get(name):
                rest = {k: v for k, v in self.data.items() if v and k not in (name, "cursor")}
                chips.append((describe(field, value), f"?{urlencode(rest)}"))
        return chips


def describe(field: forms.Field, value: str) -> str:
    """An active filter as `From: 20 November 2026`. Invalid text stays as it is."""
    words: Any = dict(flatten(getattr(field, "choices", []))).get(value, value)
    with suppress(ValidationError):
        if isinstance(field, forms.DateField):
            words = date_format(field.clean(value), "j F Y")
        elif isinstance(field, AmountField):
            words = format_money(field.clean(value) or 0)
    return f"{field.label}: {words}"


def flatten(choices: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """Choices without their groups."""
    for value, words in choices:
        yield from words if isinstance(words, list | tuple) else [(value, words)]


class FilterForm(PeriodForm):
    """Type, status and period of transactions."""

    type = PickField(
        label=_("Type"),
        choices=lambda: [("", _("All types")), *kinds.choices()],
        required=False,
    )
    status = PickField(
        label=_("Status"),
        choices=[("", _("Any status")), *Status.choices],
        required=False,
    )

    def narrow(self, records: TransactionQuerySet) -> TransactionQuerySet:
        """The records that match. No rows if the form is invalid."""
        if not self.is_valid():
            return records.none()
        data = self.cleaned_data
        if data["type"]:
            records = records.filter(type=data["type"])
        if data.get("status"):
            records = self.in_status(records, data["status"])
        return self.between(records, data["from"], data["to"])

    def between(
        self, records: TransactionQuerySet, first: date | None, last: date | None
    ) -> TransactionQuerySet:
        return records.between(first, last)

    def in_status(self, records: TransactionQuerySet, status: str) -> TransactionQuerySet:
        return records.filter(status=status)


class ActivityFilter(FilterForm):
    """The filters of a member's own activity."""

    type = PickField(
        label=_("Type"),
        choices=lambda: [
            ("", _("All types")),
            *((each.code, each.label) for each in kinds.every() if not each.is_stray),
        ],
        required=False,
    )
    DIRECTIONS = [("", _("In and out")), ("in", _("Money in")), ("out", _("Money out"))]

    direction = PickField(
        label=_("Direction"), choices=DIRECTIONS, required=False, widget=forms.RadioSelect
    )
    q = PastedField(
        label=_("Search"),
        max_length=80,
        required=False,
        help_text=_("First name, note, exact amount or reference"),
        widget=forms.TextInput(attrs={"type": "search"}),
    )
