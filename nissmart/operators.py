"""The order of apps on the front page of Django admin."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest


class OperatorsSite(AdminSite):
    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """People first. Staff groups hardly ever change, so they come last."""
        apps: list[Any] = super().get_app_list(request, app_label)
        order = ["wallet", "ledger", "auth"]
        return sorted(
            apps,
            key=lambda app: order.index(app["app_label"]) if app["app_label"] in order else 1,
        )
