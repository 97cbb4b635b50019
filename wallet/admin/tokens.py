"""Django admin for API tokens: read and revoke."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from wallet.admin.lists import ForgivingList
from wallet.api import tokens
from wallet.models import ApiToken
from wallet.staff import audit, subjects
from wallet.web.http import context_of


@admin.register(ApiToken)
class ApiTokenAdmin(ForgivingList):
    """Read and revoke tokens. Operators can't issue any here, because a token moves money.

    Members make their own, and the command `issue_token` makes those for programs.
    """

    # `revoked_at` comes early, so that a narrow window shows it.
    list_display = [
        "name",
        "user",
        "kind",
        "revoked_at",
        "last_used_at",
        "expires_at",
        "created_at",
        "hint",
    ]
    list_filter = ["scope"]
    list_select_related = ["user"]
    people = ("user__",)
    search_fields = ["name"]
    fields = ["user", "name", "scope", "expires_at"]
    actions = ["revoke"]
    show_full_result_count = False

    @admin.display(description=_("scope"), ordering="scope")
    def kind(self, token: ApiToken) -> str:
        return token.scope.capitalize()

    @admin.action(description=_("Revoke"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        done = [token for token in queryset if tokens.revoke(token.pk)]
        for token in done:
            self.log_change(request, token, "revoked")
            audit.record(
                context_of(request),
                audit.Action.REVOKE_TOKEN,
                subjects.member(token.user_id),
                token=str(token),
            )
        sentence = ngettext("%d token is revoked.", "%d tokens are revoked.", len(done))
        messages.success(request, sentence % len(done))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("wallet.change_apitoken")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
