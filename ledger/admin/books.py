"""The books in Django admin: read-only for everyone."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin import TabularInline
from django.contrib.admin.options import BaseModelAdmin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ledger.models import Entry, Transaction
from ledger.references import as_reference
from wallet.admin.lists import ForgivingList
from wallet.money import format_money


class ReadOnly(BaseModelAdmin):
    """Hides the edit buttons. The database also refuses changes (`ledger/guards.py`)."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("amount"), ordering="amount_cents")
    def amount(self, row: Transaction | Entry) -> str:
        return format_money(row.amount_cents)

    @admin.display(description=_("balance after"))
    def balance_after(self, entry: Entry) -> str:
        cents = entry.balance_after_cents
        return "–" if cents is None else format_money(cents)


class EntryInline(ReadOnly, TabularInline):
    model = Entry
    fields = ["account", "amount", "balance_after", "created_at"]
    readonly_fields = ["account", "amount", "balance_after", "created_at"]
    ordering = ["id"]
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("account__user")


class ByReference(ForgivingList):
    """A list that finds a reference in any spelling. `reference` is the lookup of that field."""

    reference: ClassVar[str]

    def matches(self, word: str) -> Q:
        reference = as_reference(word)
        exact = Q(**{self.reference: reference}) if reference else Q(pk__in=[])
        return super().matches(word) | exact


@admin.register(Transaction)
class TransactionAdmin(ReadOnly, ByReference):
    reference = "reference"
    list_display = [
        "reference",
        "type",
        "status",
        "amount",
        "source_name",
        "target_name",
        "created_at",
    ]
    list_filter = ["type", "status"]
    list_select_related = ["from_account__user", "to_account__user"]
    people = ("from_account__user__", "to_account__user__")
    search_fields = ["=reference"]
    search_help_text = _("Reference like NS-7K2Q9PXM, or a member's name")
    date_hierarchy = "created_at"
    fields = [
        "reference", "type", "rail", "status", "amount", "fee", "from_account", "to_account",
        "description", "created_by", "created_at", "settled_at",
    ]  # fmt: skip
    inlines = [EntryInline]
    actions = None
    show_full_result_count = False

    def get_fields(self, request: HttpRequest, obj: Transaction | None = None) -> Any:
        """The actor of a reversal is its approver, who posts it. The panel shows the proposer."""
        fields = super().get_fields(request, obj)
        if obj and (obj.reverses_id or obj.part_of_id):
            return ["posted_by" if name == "created_by" else name for name in fields]
        return fields

    @admin.display(description=_("fee"))
    def fee(self, record: Transaction) -> str:
        return format_money(record.fee_cents)

    @admin.display(description=_("posted by"))
    def posted_by(self, reversal: Transaction) -> str:
        return str(reversal.created_by)


@admin.register(Entry)
class EntryAdmin(ReadOnly, ByReference):
    reference = "transaction__reference"
    list_display = ["id", "transaction", "account", "amount", "created_at"]
    list_select_related = ["transaction", "account__user"]
    search_fields = ["=transaction__reference"]
    search_help_text = _("Reference of the transaction")
    fields = ["transaction", "account", "amount", "balance_after", "created_at"]
    actions = None
    show_full_result_count = False
