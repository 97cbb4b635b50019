"""Django admin for former members: who a closed account belonged to, one at a time."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _

from wallet.admin.masking import RevealsContacts
from wallet.models import FormerMember
from wallet.staff import audit


@admin.register(FormerMember)
class FormerMemberAdmin(RevealsContacts):
    """The list and the page show who it was only for a reason, which the audit keeps."""

    list_display = ["user", "closed_at"]
    list_select_related = ["user"]
    fields = ["user", "closed_at"]
    actions = None
    show_full_result_count = False
    reveals = audit.Action.SEE_FORMER

    def contacts_of(self, former: FormerMember) -> dict[str, str]:
        return {str(_("Name")): former.name} | super().contacts_of(former)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return "name" not in lookup and super().lookup_allowed(lookup, value, request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
