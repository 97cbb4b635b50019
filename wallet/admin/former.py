"""Django admin for former members: who a closed account belonged to, one at a time."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from wallet.admin.lists import ForgivingList
from wallet.models import FormerMember
from wallet.staff import audit, subjects
from wallet.web.http import context_of


@admin.register(FormerMember)
class FormerMemberAdmin(ForgivingList):
    """The list shows no names. Opening one shows who it was, and the audit records that."""

    list_display = ["user", "closed_at"]
    list_select_related = ["user"]
    fields = ["user", "name", "phone", "email", "closed_at"]
    actions = None
    show_full_result_count = False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        response = super().change_view(request, object_id, form_url, extra_context)
        former = self.get_object(request, object_id)
        if response.status_code == 200 and former:
            subject = subjects.member(former.user_id)
            audit.record(context_of(request), audit.Action.SEE_FORMER, subject)
        return response

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
