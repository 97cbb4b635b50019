"""Django admin's front page, and its pages about the worker and the settings."""

import functools
from collections.abc import Callable
from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from adminpanel.integrity import workers
from adminpanel.tables import queries as tables
from ledger import rails
from ledger.rails import Rail
from nissmart import shown_settings, worker_state
from wallet.signin import factors, sessions

ORDER = ["wallet", "ledger", "adminpanel", "site", "auth"]


class OperatorsSite(AdminSite):
    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """People first. Staff groups hardly ever change, so they come last."""
        apps: list[Any] = super().get_app_list(request, app_label)
        if app_label is None and request.user.is_superuser:
            apps.append(site_app())
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
            sessions.note_sign_out(request)
        return super().logout(request, extra_context)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        pages = [
            path(f"{route}/", self.admin_view(require_safe(for_superusers(view))), name=name)
            for route, view, name in (
                ("payments", self.payment_settings, "payment_settings"),
                ("settings", self.settings, "settings"),
                ("worker", self.worker, "worker"),
                ("tables", self.tables, "tables"),
            )
        ]
        return [*pages, *super().get_urls()]

    def settings(self, request: HttpRequest) -> HttpResponse:
        """The settings of this process. A secret is only said to be set."""
        context = {"title": _("Settings"), "groups": shown_settings.groups()}
        return TemplateResponse(
            request, "admin/settings.html", self.each_context(request) | context
        )

    def worker(self, request: HttpRequest) -> HttpResponse:
        """Whether a worker runs, which of its jobs fail, and what waits for one."""
        jobs = worker_state.jobs()
        context = self.each_context(request) | {
            "title": _("Worker"),
            "jobs": jobs,
            "workers": workers.workers(),
            "is_late": any(job.is_late for job in jobs),
        }
        return TemplateResponse(request, "admin/worker.html", context)

    def tables(self, request: HttpRequest) -> HttpResponse:
        """How large each table is, and what the worker deletes from it."""
        swept, others = tables.every_table()
        context = self.each_context(request) | {
            "title": _("Tables"),
            "swept": swept,
            "others": others,
            "database_bytes": tables.database_bytes(),
        }
        return TemplateResponse(request, "admin/tables.html", context)

    def payment_settings(self, request: HttpRequest) -> HttpResponse:
        """Which settings of the rails are set, and when a password expires. No secret's value."""
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


def for_superusers(view: Callable[[HttpRequest], HttpResponse]) -> Any:
    """The site's own pages are for superusers. Others get 403."""

    @functools.wraps(view)
    def checked(request: HttpRequest) -> HttpResponse:
        if not request.user.is_superuser:
            raise PermissionDenied
        return view(request)

    return checked


def site_app() -> dict[str, Any]:
    """The site's own pages as a section of the front page, which lists models."""
    pages = (
        ("worker", _("Worker")),
        ("tables", _("Tables")),
        ("settings", _("Settings")),
        ("payment_settings", _("Payment settings")),
    )
    return {
        "name": _("Site"),
        "app_label": "site",
        "app_url": reverse("admin:settings"),
        "has_module_perms": True,
        "models": [
            {
                "name": words,
                "object_name": name,
                "admin_url": reverse(f"admin:{name}"),
                "add_url": None,
                "view_only": True,
                "perms": {"view": True},
            }
            for name, words in pages
        ],
    }
