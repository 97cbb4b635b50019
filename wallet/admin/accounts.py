"""Django admin for accounts: read-only, with an action to freeze."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from wallet import operations
from wallet.admin import confirming
from wallet.admin.confirming import Question, Row
from wallet.admin.reading import MemberPage
from wallet.errors import Refusal
from wallet.models import Account
from wallet.money import format_money
from wallet.web.http import context_of

FREEZE = Question(
    action="freeze",
    title=_("Freeze these wallets?"),
    what=_(
        "Money can come in but can't leave. The member gets an alert. Two people of "
        "finance can unfreeze a wallet, in the panel."
    ),
    verb=_("Freeze"),
    nothing=_("No member's wallet is chosen. House accounts can't be frozen."),
)


def effect_of(account: Account, operator_id: int | None) -> str:
    """What freezing does to this wallet."""
    if account.user_id == operator_id:
        return gettext("your own: it stays as it is")
    if account.frozen_by == Account.FrozenBy.STAFF:
        return gettext("already frozen by staff: nothing changes")
    if account.is_frozen:
        return gettext("frozen by its member: they can't unfreeze it any longer")
    return gettext("money can't leave")


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
        *("is_locked", "closed_at"),
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
        wallets = accounts.filter(kind=Account.Kind.WALLET).select_related("user")
        chosen = list(wallets[: confirming.ROWS_AT_MOST + 1])
        own = request.user.pk
        rows = [Row(each.pk, str(each), effect_of(each, own)) for each in chosen]
        reason, page = confirming.ask(self, request, FREEZE, rows)
        if page:
            return page
        act = context_of(request, reason=reason)
        frozen = []
        for account in chosen:
            try:
                is_changed = operations.freeze(act, account.pk)
            except Refusal as refusal:
                messages.error(request, str(refusal))
            else:
                frozen += [account] if is_changed else []
        for account in frozen:
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
