"""The filter of the live feed."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from ledger.forms.filters import FilterForm


class FeedFilter(FilterForm):
    """Type and status: the feed is about now, whatever the day."""

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        del self.fields["from"], self.fields["to"]

    def choices(self, name: str) -> list[tuple[str, Any]]:
        """(value, words) of what may be picked."""
        field: Any = self.fields[name]
        return list(field.choices)

    def active_filters(self) -> dict[str, str]:
        """The filters that are on. Call it when the form is valid."""
        return {name: value for name, value in self.cleaned_data.items() if value}
