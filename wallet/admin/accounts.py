"""Django admin for accounts: read-only, with actions to freeze and unfreeze."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from wallet import operations
from wallet.admin.lists import ForgivingList
from wallet.errors import Refusal
from wallet.models import Account
from wallet.money import format_money
from wallet.web.http import context_of


@admin.register(Account)
class AccountAdmin(ForgivingList):
    """Read-only. Freezing goes through the operations."""

    list_display = ["owner", "kind", "balance", "is_frozen", "frozen_by", "created_at"]
    list_filter = ["kind", "is_frozen", "frozen_by"]
    list_select_related = ["user"]
    people = ("user__",)
    search_fields = ["user__email", "user__phone"]
    fields = [
        *("owner", "kind", "currency", "balance", "is_frozen", "frozen_by"),
        *("lower_limit_until", "no_payouts_until", "created_at"),
    ]
    ordering = ["-id"]
    actions = ["freeze", "unfreeze"]
    show_full_result_count = False

    @admin.display(description=_("owner"), ordering="user__search_name")
    def owner(self, account: Account) -> str:
        return str(account)

    @admin.display(description=_("balance"), ordering="balance_cents")
    def balance(self, account: Account) -> str:
        """House accounts store no balance: the panel shows it to finance."""
        return (
            format_money(account.balance_cents)
            if account.user_id
            else str(_("see the finance panel"))
        )

    @admin.action(description=_("Freeze: no money leaves"), permissions=["freeze"])
    def freeze(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        self.report(request, self.run(request, accounts, operations.freeze), "frozen")

    @admin.action(description=_("Unfreeze"), permissions=["freeze"])
    def unfreeze(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        self.report(request, self.run(request, accounts, operations.unfreeze), "unfrozen")

    def run(
        self, request: HttpRequest, accounts: QuerySet[Account], operation: Callable[..., bool]
    ) -> list[int]:
        """Run the operation on each member's wallet. Returns the ids that it didn't refuse."""
        context = context_of(request, reason="By an operator, in the admin.")
        ids = []
        for pk in accounts.filter(user__isnull=False).values_list("pk", flat=True):
            try:
                operation(context, pk)
            except Refusal as refusal:
                messages.error(request, str(refusal))
            else:
                ids.append(pk)
        return ids

    def report(self, request: HttpRequest, ids: list[int], done: str) -> None:
        for account in Account.objects.filter(pk__in=ids):
            self.log_change(request, account, done)
        sentence = {
            "frozen": ngettext("%d wallet is frozen.", "%d wallets are frozen.", len(ids)),
            "unfrozen": ngettext("%d wallet is unfrozen.", "%d wallets are unfrozen.", len(ids)),
        }[done]
        messages.success(request, sentence % len(ids))

    def has_freeze_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("wallet.change_account")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
