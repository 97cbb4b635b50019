"""Incidents in Django admin: read-only."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from adminpanel.models import Incident
from ledger.admin.books import ReadOnly
from wallet.admin.lists import ForgivingList


@admin.register(Incident)
class IncidentAdmin(ReadOnly, ForgivingList):
    """What people of finance work on in the panel."""

    list_display = ["title", "severity", "state", "owner", "opened_at", "resolved_at"]
    list_filter = ["state", "severity"]
    list_select_related = ["owner"]
    people = ("owner__",)
    search_fields = ["title", "=transactions__reference"]
    search_help_text = _("Words of the title, the owner, or the reference of a transaction")
    fields = [
        *("title", "severity", "state", "owner", "description", "references", "check_name"),
        *("opened_by", "opened_at", "resolution", "resolved_at"),
    ]
    actions = None
    show_full_result_count = False

    @admin.display(description=_("transactions"))
    def references(self, incident: Incident) -> str:
        found = incident.transactions.order_by("-pk").values_list("reference", flat=True)
        return ", ".join(found) or "–"
