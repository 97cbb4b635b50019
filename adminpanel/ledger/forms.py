"""The forms of the ledger explorer: filters, layout, and the name of a view to save."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from adminpanel.ledger.columns import COLUMNS, USUAL
from adminpanel.members import queries as members
from adminpanel.models import SavedView
from adminpanel.payouts.queries import transactions_named
from adminpanel.reconciliation import badges
from ledger.forms.filters import FilterForm
from ledger.models import Attempt, Transaction
from ledger.models.attempts import State
from ledger.querysets import TransactionQuerySet
from ledger.references import as_reference
from ledger.status import REVERSED, Status
from wallet.db.text_search import holds
from wallet.web.fields import AmountField, LineField, PastedField, PickField


class LedgerFilter(FilterForm):
    """Filter by type, status, period, amounts, member, reference, note or key."""

    IS_REVERSED = "REVERSED"
    SETTLED = "settled"
    MOVED = "moved"
    # Where a payment is on its rail, beside the statuses of the transaction.
    STATES = (State.HELD, State.READY, State.SENDING, State.SENT, State.UNKNOWN, State.CANCELLED)
    AMOUNT: Mapping[str, Any] = {
        "required": False,
        "help_text": _("Amount in KES"),
        "error_messages": {"too_large": _("No transaction is this large. Enter a smaller amount.")},
    }

    status = PickField(
        label=_("Status"),
        choices=[
            ("", _("Any status")),
            *Status.choices,
            (IS_REVERSED, REVERSED.word),
            *((state.value, state.label) for state in STATES),
        ],
        required=False,
    )
    by = PickField(
        label=_("Dates"),
        choices=[
            ("", _("When ordered")),
            (SETTLED, _("When settled")),
            (MOVED, _("When a wallet or goal moved")),
        ],
        required=False,
    )
    reconciled = PickField(
        label=_("Statement"),
        choices=[("", _("Reconciled or not")), *badges.CHOICES],
        required=False,
    )
    min = AmountField(label=_("At least"), **AMOUNT)
    max = AmountField(label=_("At most"), **AMOUNT)
    member = PastedField(
        label=_("Member"),
        max_length=254,
        required=False,
        help_text=_("Name, phone number or email"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    q = PastedField(
        label=_("Search"),
        max_length=140,
        required=False,
        help_text=_("Reference, receipt, note or request key"),
        widget=forms.TextInput(attrs={"type": "search"}),
    )

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        # The table's From and To columns are the parties, so the dates need other words.
        self.fields["from"].label = _("Since")
        self.fields["to"].label = _("Until")

    def clean_member(self) -> list[int] | None:
        """Ids of the matching accounts. None when the field is empty."""
        text = self.cleaned_data["member"]
        if not text:
            return None
        accounts = members.accounts_of(text)
        # With only some of the members, list, sums and export would be silently incomplete.
        if accounts is None:
            raise ValidationError(
                _("More than %(most)s members match. Enter more of the name."),
                params={"most": members.MEMBERS_AT_MOST},
                code="too_many_members",
            )
        return accounts

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        low, high = cleaned.get("min"), cleaned.get("max")
        if low and high and low > high:
            self.add_error("max", _("Enter an amount that isn't below the minimum."))
        return cleaned

    def in_status(self, records: TransactionQuerySet, status: str) -> TransactionQuerySet:
        if status == self.IS_REVERSED:
            return records.reversed()
        if status in self.STATES:
            # SQLite uses the partial index only if the query repeats its condition.
            unfinished = Attempt.objects.filter(state=status).exclude(state=State.SUCCEEDED)
            return records.filter(pk__in=unfinished.order_by().values("transaction"))
        return super().in_status(records, status)

    def between(
        self, records: TransactionQuerySet, first: date | None, last: date | None
    ) -> TransactionQuerySet:
        if self.cleaned_data.get("by") == self.SETTLED:
            return records.settled_between(first, last)
        if self.cleaned_data.get("by") == self.MOVED:
            return records.moved_between(first, last)
        return super().between(records, first, last)

    def narrow(self, records: TransactionQuerySet) -> TransactionQuerySet:
        records = super().narrow(records)
        data = self.cleaned_data
        if data.get("min"):
            records = records.filter(amount_cents__gte=data["min"])
        if data.get("max"):
            records = records.filter(amount_cents__lte=data["max"])
        if (accounts := data.get("member")) is not None:
            records = records.filter(Q(from_account__in=accounts) | Q(to_account__in=accounts))
        if data.get("reconciled"):
            records = badges.narrow(records, data["reconciled"])
        return records.filter(text_condition(data["q"])) if data.get("q") else records


def text_condition(text: str) -> Q:
    """Match a reference and its reversal, or the receipt or our reference of a payment on a rail.
    Otherwise match the text in notes, or a key.

    Notes and keys have no separate index, so a known reference doesn't search them.
    """
    reference = as_reference(text)
    if reference and (named := Transaction.objects.filter(reference=reference).first()):
        return Q(pk=named.pk) | Q(reverses=named.pk) | Q(part_of=named.pk)
    if paid := transactions_named(text):
        return Q(pk__in=paid)
    return holds("description", text) | Q(idempotency_key=text)


class LayoutForm(forms.Form):
    """How to show the rows. Empty fields mean the default."""

    SIZES = (50, 100, 200)
    COMPACT = "compact"
    CSV = "csv"
    OLDEST = "oldest"

    columns = forms.MultipleChoiceField(
        label=_("Columns"),
        choices=[(column.name, column.heading) for column in COLUMNS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("The reference is always shown."),
        error_messages={"invalid_choice": _("Choose columns from the list.")},
    )
    density = forms.ChoiceField(
        label=_("Rows"),
        choices=[("", _("Comfortable")), (COMPACT, _("Compact"))],
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": _("Choose a row height from the list.")},
    )
    size = forms.ChoiceField(
        label=_("Rows per page"),
        choices=[(str(size), str(size)) for size in SIZES],
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": _("Choose 50, 100 or 200 rows per page.")},
    )
    order = forms.ChoiceField(
        choices=[("", _("Newest first")), (OLDEST, _("Oldest first"))],
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid_choice": _("Show the newest or the oldest first.")},
    )
    format = forms.ChoiceField(
        choices=[(CSV, "CSV")],
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid_choice": _("You can export the ledger as CSV only.")},
    )

    def __init__(self, data: QueryDict) -> None:
        # Fill in the defaults, to tick their boxes.
        filled = data.copy()
        if not any(filled.getlist("columns")):
            filled.setlist("columns", list(USUAL))
        if not filled.get("size") and settings.PAGE_SIZE_PANEL in self.SIZES:
            filled["size"] = str(settings.PAGE_SIZE_PANEL)
        super().__init__(filled, auto_id="layout_%s")

    def clean_size(self) -> int:
        return int(self.cleaned_data["size"] or settings.PAGE_SIZE_PANEL)

    def is_usual(self, name: str, values: list[str]) -> bool:
        """Are these the field's default values?"""
        if name == "columns":
            return set(values) == set(USUAL)
        return name == "size" and values == [str(settings.PAGE_SIZE_PANEL)]


class SavedViewForm(forms.Form):
    """A name for the current filters and columns."""

    name = LineField(
        label=_("Name of this view"),
        max_length=SavedView._meta.get_field("name").max_length,
        error_messages={"required": _("Enter a name for the view.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id="view_%s")
