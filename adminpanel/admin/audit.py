"""The audit in Django admin. The database refuses to change it (`wallet/db/guards.py`)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from adminpanel.audit import words
from ledger.admin.books import ReadOnly
from wallet.admin.lists import ForgivingList
from wallet.models import AuditEvent
from wallet.models.audit import ACCESS
from wallet.staff import subjects


class AccessFilter(admin.SimpleListFilter):
    """Access is far more than all else, so the list leaves it out unless it's asked for."""

    title = _("access")
    parameter_name = "access"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("only", _("Only access")), ("with", _("With access"))]

    def choices(self, changelist: Any) -> Any:
        """Django's first choice is "All", which this isn't."""
        first, *others = super().choices(changelist)
        yield {**first, "display": _("Without access")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[AuditEvent]:
        found: QuerySet[AuditEvent] = queryset
        if self.value() == "only":
            return found.filter(action__in=ACCESS)
        return found if self.value() == "with" else found.exclude(action__in=ACCESS)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly, ForgivingList):
    """Read-only. The panel's audit has more filters and an export."""

    list_display = ["at", "who", "action", "subject", "reason", "ip_address"]
    list_display_links = ["at"]
    list_filter = [AccessFilter]
    list_select_related = ["actor"]
    people = ("actor__",)
    search_fields = ["=ip_address", "=subject"]
    search_help_text = _("Name of who did it, “member 12”, an IP address, or “wallet frozen”")
    fields = ["at", "who", "action", "subject", "reason", "facts_in_words", "ip_address"]
    actions = None
    show_full_result_count = False

    @admin.display(description=_("who"))
    def who(self, event: AuditEvent) -> str:
        return words.actor_name(event)

    @admin.display(description=_("facts"))
    def facts_in_words(self, event: AuditEvent) -> str:
        return words.to_text(event) or "–"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """A subject or an act may have several words, so look for those first."""
        if subject := subjects.parse(search_term):
            return queryset.filter(subject=str(subject)), False
        text = search_term.strip().lower()
        if found := [code for code, act in AuditEvent.Action.choices if text == str(act).lower()]:
            return queryset.filter(action__in=found), False
        return super().get_search_results(request, queryset, search_term)
