"""The filter of the live feed."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from ledger.forms.filters import FilterForm


class FeedFilter(FilterForm):
    """Type and status. The live feed has no dates."""

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        del self.fields["from"], self.fields["to"]

    def choices(self, name: str) -> list[tuple[str, Any]]:
        """(value, label) of each choice."""
        field: Any = self.fields[name]
        return list(field.choices)

    def active_filters(self) -> dict[str, str]:
        """The filters with a value. The form must be valid."""
        return {name: value for name, value in self.cleaned_data.items() if value}
