"""Django admin for accounts: read-only, with an action to freeze."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from wallet import operations
from wallet.admin.reading import MemberPage
from wallet.errors import Refusal
from wallet.models import Account
from wallet.money import format_money
from wallet.web.fields import ReasonField
from wallet.web.http import context_of


class FreezeForm(forms.Form):
    reason = ReasonField(label=_("Reason"), help_text=_("The audit keeps it, with your name."))


@admin.register(Account)
class AccountAdmin(MemberPage):
    """Read-only, but for freezing. Unfreezing takes two people, in the panel."""

    list_display = ["owner", "kind", "balance", "is_frozen", "frozen_by", "created_at"]
    list_filter = ["kind", "is_frozen", "frozen_by"]
    list_select_related = ["user"]
    people = ("user__",)
    fields = [
        *("owner", "kind", "currency", "balance", "is_frozen", "frozen_by"),
        *("frozen_at", "lower_limit_until", "no_payouts_until", "created_at"),
    ]
    ordering = ["-id"]
    actions = ["freeze"]
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
    def freeze(self, request: HttpRequest, accounts: QuerySet[Account]) -> HttpResponse | None:
        """Ask for a reason first, on a page that lists the wallets."""
        form = FreezeForm(request.POST if "confirm" in request.POST else None)
        wallets = accounts.filter(user__isnull=False)
        if not form.is_valid():
            context = self.admin_site.each_context(request) | {
                "title": _("Freeze these wallets?"),
                "opts": self.opts,
                "form": form,
                "accounts": wallets.select_related("user"),
            }
            status = 422 if form.is_bound else 200
            template = "admin/wallet/account/freeze.html"
            return render(request, template, context, status=status)
        act = context_of(request, reason=form.cleaned_data["reason"])
        frozen = []
        for account in wallets:
            try:
                operations.freeze(act, account.pk)
            except Refusal as refusal:
                messages.error(request, str(refusal))
            else:
                frozen.append(account)
                self.log_change(request, account, "frozen")
        sentence = ngettext("%d wallet is frozen.", "%d wallets are frozen.", len(frozen))
        messages.success(request, sentence % len(frozen))
        return None

    def has_freeze_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("wallet.change_account")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
