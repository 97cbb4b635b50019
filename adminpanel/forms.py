"""Filters of the consolidated ledger."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ledger.filters import FilterForm
from ledger.querysets import TransactionQuerySet
from wallet.fields import AmountField, LineField
from wallet.models import Account, User

# How pages of the panel name a member in an address: no phone and no email is left in one.
MEMBER_ID = re.compile(r"#(\d{1,18})", re.ASCII)
# A name that fits more members than this finds the first of them.
MEMBERS_AT_MOST = 100


class FeedFilter(FilterForm):
    """Type, status and period."""


class LedgerFilter(FilterForm):
    """All that finance looks for: period, amounts, the member, a reference or a note."""

    min = AmountField(label=_("From KES"), required=False)
    max = AmountField(label=_("To KES"), required=False)
    member = LineField(
        label=_("Member"),
        max_length=254,
        required=False,
        help_text=_("Name, phone or email"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    q = LineField(
        label=_("Search"),
        max_length=140,
        required=False,
        help_text=_("Reference or note"),
        widget=forms.TextInput(attrs={"type": "search"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        low, high = cleaned.get("min"), cleaned.get("max")
        if low and high and low > high:
            self.add_error("max", _("Enter an amount that is not below the first one."))
        return cleaned

    def narrow(self, records: TransactionQuerySet) -> TransactionQuerySet:
        records = super().narrow(records)
        data = self.cleaned_data
        if data.get("min"):
            records = records.filter(amount_cents__gte=data["min"])
        if data.get("max"):
            records = records.filter(amount_cents__lte=data["max"])
        if data.get("member"):
            accounts = accounts_of(data["member"])
            records = records.filter(Q(from_account__in=accounts) | Q(to_account__in=accounts))
        if data.get("q"):
            records = records.filter(
                Q(reference__iexact=data["q"]) | Q(description__icontains=data["q"])
            )
        return records


def accounts_of(text: str) -> list[int]:
    """Ids of the accounts of the members that `text` may mean; `#12` is the member of that id."""
    if number := MEMBER_ID.fullmatch(text):
        return list(Account.objects.filter(user=int(number[1])).values_list("pk", flat=True))
    exact = User.objects.with_login(text)
    people = (
        Q(user=exact) if exact else Q(user__name__icontains=text) | Q(user__email__istartswith=text)
    )
    return list(Account.objects.filter(people).values_list("pk", flat=True)[:MEMBERS_AT_MOST])
