"""The admin's front page."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest


class OperatorsSite(AdminSite):
    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """People first; the groups of staff, which hardly ever change, last."""
        apps: list[Any] = super().get_app_list(request, app_label)
        order = ["wallet", "ledger", "auth"]
        return sorted(
            apps,
            key=lambda app: order.index(app["app_label"]) if app["app_label"] in order else 1,
        )
