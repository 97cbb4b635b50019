"""Pages of Django admin that show a member's data. The audit has who opened them."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse

from wallet.admin.lists import ForgivingList
from wallet.staff import access
from wallet.web.http import context_of


class MemberPage(ForgivingList):
    """A row's page is a read of its member's data, recorded before it's shown."""

    def member_of(self, row: Any) -> int | None:
        """The id of the member that the row is about."""
        user_id: int | None = row.user_id
        return user_id

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row and self.has_view_or_change_permission(request, row):
            user_id = self.member_of(row)
            if user_id:
                access.open_member(context_of(request), user_id)
        response: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
        return response
