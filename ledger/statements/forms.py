"""The period of a statement, as its member asks for it."""

from __future__ import annotations

from typing import Any

from ledger.forms.filters import PeriodForm
from ledger.statements.period import BadPeriod, Period, period


class StatementForm(PeriodForm):
    """Both days are optional: without them, it is this month so far."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors:
            try:
                cleaned["period"] = period(cleaned.get("from"), cleaned.get("to"))
            except BadPeriod as refusal:
                self.add_error(refusal.field, str(refusal))
        return cleaned

    @property
    def period(self) -> Period | None:
        """None if the days are wrong."""
        found: Period | None = self.cleaned_data.get("period") if self.is_valid() else None
        return found
