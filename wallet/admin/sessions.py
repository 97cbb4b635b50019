"""Django admin for the sessions of staff: read and end."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from wallet.admin.lists import ForgivingList
from wallet.models import Session
from wallet.staff import audit, subjects
from wallet.web.http import context_of


@admin.register(Session)
class SessionAdmin(ForgivingList):
    """Where colleagues are signed in. No page shows a session's key, and we don't store it."""

    list_display = ["user", "device", "ip_address", "used_at", "began_at", "expires_at"]
    list_display_links = ["user"]
    list_select_related = ["user", "device"]
    people = ("user__",)
    search_fields = ["ip_address"]
    fields = ["user", "device", "ip_address", "began_at", "used_at", "expires_at"]
    actions = ["end"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        return Session.objects.live().filter(is_staff=True)

    @admin.action(description=_("Sign out"), permissions=["end"])
    @transaction.atomic
    def end(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        chosen = list(queryset)
        for session in chosen:
            assert session.user_id
            audit.record(
                context_of(request),
                audit.Action.END_SESSIONS,
                subjects.member(session.user_id),
                device=str(session.device or ""),
                ip_address=session.ip_address,
            )
            session.delete()
        sentence = ngettext("%d session has ended.", "%d sessions have ended.", len(chosen))
        messages.success(request, sentence % len(chosen))

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("wallet.delete_session")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
