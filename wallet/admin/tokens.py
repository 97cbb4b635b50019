"""Django admin for API tokens: read and revoke."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from wallet.admin import confirming
from wallet.admin.confirming import Question, Row
from wallet.admin.lists import ForgivingList
from wallet.api import tokens
from wallet.context import Context
from wallet.models import ApiToken
from wallet.staff import audit, subjects
from wallet.web.http import context_of

REVOKE = Question(
    "revoke",
    _("Revoke these tokens?"),
    _("Programs that use them are refused from now on. A token can't be restored."),
    _("Revoke"),
    _("No token is chosen that still works."),
)


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
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> HttpResponse | None:
        """Revoke these tokens, after a page that asks why."""
        live = queryset.filter(revoked_at__isnull=True).select_related("user")
        chosen = list(live[: confirming.ROWS_AT_MOST + 1])
        rows = [Row(one.pk, str(one.user), str(one)) for one in chosen]
        reason, page = confirming.ask(self, request, REVOKE, rows)
        if page:
            return page
        done = revoke(context_of(request, reason=reason), chosen)
        for token in done:
            self.log_change(request, token, "revoked")
        sentence = ngettext("%d token is revoked.", "%d tokens are revoked.", len(done))
        messages.success(request, sentence % len(done))
        return None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("wallet.change_apitoken")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@transaction.atomic
def revoke(context: Context, chosen: Iterable[ApiToken]) -> list[ApiToken]:
    """Revoke these tokens, each an event of the audit. Returns those that were live."""
    done = [token for token in chosen if tokens.revoke(token.pk)]
    for token in done:
        subject = subjects.member(token.user_id)
        audit.record(context, audit.Action.REVOKE_TOKEN, subject, token=str(token))
    return done
