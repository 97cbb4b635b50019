"""Django admin for sessions: where people are signed in, and signing them out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from wallet.admin import confirming
from wallet.admin.confirming import Question, Row
from wallet.admin.reading import MemberPage
from wallet.models import Session
from wallet.staff import audit, subjects
from wallet.web.http import context_of

WHAT = _("Each browser asks for the password when it's next used. API tokens aren't touched.")
NOTHING = _("No session is chosen that goes on.")
END = Question("end", _("Sign out these sessions?"), WHAT, _("Sign out"), NOTHING)
END_ALL = Question(
    "end_all", _("Sign out these people everywhere?"), WHAT, _("Sign out everywhere"), NOTHING
)


@admin.register(Session)
class SessionAdmin(MemberPage):
    """Where members and staff are signed in. No page shows a session's key: we don't store it."""

    list_display = ["user", "is_staff", "device", "ip_address", "used_at", "began_at", "expires_at"]
    list_display_links = ["user"]
    list_filter = ["is_staff"]
    list_select_related = ["user", "device"]
    people = ("user__",)
    search_fields = ["ip_address"]
    search_help_text = _("Name, the whole phone number or email, or an IP address")
    fields = ["user", "is_staff", "device", "ip_address", "began_at", "used_at", "expires_at"]
    actions = ["end", "end_all"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        return Session.objects.live().filter(user__isnull=False)

    @admin.action(description=_("Sign out"), permissions=["end"])
    def end(self, request: HttpRequest, queryset: QuerySet[Session]) -> HttpResponse | None:
        """Sign out these sessions, after a page that asks why."""
        chosen = some(queryset)
        rows = [Row(one.pk, str(one.user), describe(one)) for one in chosen]
        return self.confirm(request, END, rows, chosen)

    @admin.action(description=_("Sign out everywhere"), permissions=["end"])
    def end_all(self, request: HttpRequest, queryset: QuerySet[Session]) -> HttpResponse | None:
        """Sign out all sessions of the people whose sessions were chosen."""
        chosen = some(queryset)
        everywhere = self.get_queryset(request).filter(user__in={one.user_id for one in chosen})
        found = some(everywhere.order_by("user", "pk"))
        rows = [Row(one.pk, str(one.user), describe(one)) for one in found]
        return self.confirm(request, END_ALL, rows, found)

    def confirm(
        self, request: HttpRequest, question: Question, rows: list[Row], chosen: list[Session]
    ) -> HttpResponse | None:
        reason, page = confirming.ask(self, request, question, rows)
        if page:
            return page
        count = end(request, reason, chosen)
        sentence = ngettext("%d session has ended.", "%d sessions have ended.", count)
        messages.success(request, sentence % count)
        return None

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("wallet.delete_session")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def some(sessions: QuerySet[Session]) -> list[Session]:
    """These sessions, or so many that the page refuses them."""
    return list(sessions.select_related("user", "device")[: confirming.ROWS_AT_MOST + 1])


def describe(session: Session) -> str:
    device = str(session.device or gettext("Unknown browser"))
    return f"{device}, {session.ip_address}"


@transaction.atomic
def end(request: HttpRequest, reason: str, sessions: Iterable[Session]) -> int:
    """End these sessions, each an event of the audit. Returns how many."""
    count = 0
    for session in sessions:
        assert session.user_id
        audit.record(
            context_of(request, reason=reason),
            audit.Action.END_SESSIONS,
            subjects.member(session.user_id),
            device=str(session.device or ""),
            ip_address=session.ip_address,
        )
        session.delete()
        count += 1
    return count
