"""The period of a statement, as its member asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from ledger.forms.filters import PeriodForm
from ledger.statements.period import BadPeriod, Period, period
from wallet.models import Account
from wallet.web.fields import PickField


class StatementForm(PeriodForm):
    """Both days are optional: without them, it is this month so far.

    A member without goals has nothing to choose between.
    """

    def __init__(self, data: QueryDict, accounts: Iterable[Account]) -> None:
        super().__init__(data)
        names = [(account.pk, name_of(account)) for account in accounts]
        if len(names) > 1:
            self.fields["account"] = PickField(label=_("Account"), choices=names, required=False)
            self.order_fields(["account"])

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


def name_of(account: Account) -> str:
    """The member's wallet, or the name of a goal."""
    if account.kind == Account.Kind.GOAL:
        name: str = account.goal.name
        return name
    return str(_("Wallet"))
