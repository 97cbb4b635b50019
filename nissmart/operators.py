"""Django admin's front page, and its page about the settings of payments."""

from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ledger import rails
from ledger.rails import Rail
from wallet.signin import factors, sessions

ORDER = ["wallet", "ledger", "payments", "auth"]


class OperatorsSite(AdminSite):
    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """People first. Staff groups hardly ever change, so they come last."""
        apps: list[Any] = super().get_app_list(request, app_label)
        if app_label is None and request.user.is_superuser:
            apps.append(payments_app())
        return sorted(
            apps,
            key=lambda app: ORDER.index(app["app_label"]) if app["app_label"] in ORDER else 1,
        )

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Also asks for the second factor. Every page of the admin goes through here."""
        return super().admin_view(factors.required(view), cacheable)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Sign out, for the audit too. Other pages call `sessions.sign_out`."""
        if request.method == "POST":
            sessions.note_sign_out(request, sessions=1)
        return super().logout(request, extra_context)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        page = self.admin_view(require_safe(self.payment_settings))
        return [path("payments/", page, name="payment_settings"), *super().get_urls()]

    def payment_settings(self, request: HttpRequest) -> HttpResponse:
        """Which settings of the rails are set, and when a password expires. No secret's value."""
        if not request.user.is_superuser:
            raise PermissionDenied
        context = self.each_context(request) | {
            "title": _("Payment settings"),
            "rails": [(rail, problem_of(rail)) for rail in rails.every() if rail.settings()],
            "current": rails.current(),
        }
        return TemplateResponse(request, "admin/payment_settings.html", context)


def problem_of(rail: Rail) -> str:
    """Why this rail couldn't be used with its settings; empty if it could."""
    try:
        rail.check()
    except ImproperlyConfigured as error:
        return str(error)
    return ""


def payments_app() -> dict[str, Any]:
    """The page as a section of the front page, which lists models."""
    url = reverse("admin:payment_settings")
    page = {
        "name": _("Payment settings"),
        "object_name": "PaymentSettings",
        "admin_url": url,
        "add_url": None,
        "view_only": True,
        "perms": {"view": True},
    }
    return {
        "name": _("Payments"),
        "app_label": "payments",
        "app_url": url,
        "has_module_perms": True,
        "models": [page],
    }
