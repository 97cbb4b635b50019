"""Health checks and error pages."""

import sys

from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured, RequestDataTooBig
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views import defaults
from django.views.decorators.http import require_safe

from wallet.db.retries import brief_write, is_disk_full, note_full_disk
from wallet.errors import Busy
from wallet.staff.refusals import note_refused_page
from wallet.staff.roles import Right, may
from wallet.web import rates
from wallet.web.http import SIGNED_OUT, Request, return_url, sign_in_url, signed_out_page
from wallet.web.refusals import mark_page

# Forms for people who aren't signed in.
PUBLIC = frozenset(
    {
        "account_login",
        "account_reset_password",
        "account_reset_password_from_key",
        "account_signup",
        "mfa_authenticate",
        "wallet:preferences",
    }
)


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process is alive."""
    return HttpResponse("alive\n", content_type="text/plain; charset=utf-8")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Ready to serve: the database answers and takes writes, and all migrations are applied."""
    try:
        executor = MigrationExecutor(connection)
        behind = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except ImproperlyConfigured as error:
        return not_ready(str(error))
    except (DatabaseError, InterfaceError):
        return not_ready("no database")
    if behind:
        return not_ready("migrations are due")
    try:
        # A held lock doesn't mean that the database refuses writes.
        with brief_write():
            rates.count("readyz")
    except (DatabaseError, InterfaceError) as error:
        note_full_disk(error)
        if not is_disk_full():
            return not_ready("the database takes no writes")
    # A small write may still fit where an order didn't.
    if is_disk_full():
        return not_ready("the disk is full")
    return HttpResponse("ready\n", content_type="text/plain; charset=utf-8")


def not_ready(reason: str) -> HttpResponse:
    return HttpResponse(f"{reason}\n", status=503, content_type="text/plain; charset=utf-8")


def csrf_failure(request: Request, reason: str = "") -> HttpResponse:
    """The form doesn't have this session's token: the page is stale, or the person is signed out.

    Each of the two pages says what happened and what to do next.
    """
    match = request.resolver_match
    is_public = match is not None and match.view_name in PUBLIC
    if request.user.is_authenticated or is_public:
        back = return_url(request) if "amount" in request.POST else ""
        return HttpResponse(render_to_string("403_csrf.html", {"back": back}), status=403)
    response = signed_out_page(request)
    if request.htmx and response.status_code == 403:
        messages.warning(request, SIGNED_OUT)
        response.headers["HX-Redirect"] = sign_in_url(request)
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return unreadable(413 if isinstance(exception, RequestDataTooBig) else 400)


def unreadable(status: int) -> HttpResponse:
    """The page about an unreadable request. Rendered without the request, which is broken."""
    return HttpResponse(render_to_string("400.html", {"status": status}), status=status)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """In the panel, staff get the panel's frame. Others don't learn that there is a panel."""
    template = "adminpanel/404.html" if is_in_panel(request) else defaults.ERROR_404_TEMPLATE_NAME
    return defaults.page_not_found(request, exception, template)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """In the panel, staff whose role may not do this get the panel's frame.

    The audit has refused pages of staff.
    """
    note_refused_page(request)
    template = "adminpanel/403.html" if is_in_panel(request) else defaults.ERROR_403_TEMPLATE_NAME
    return defaults.permission_denied(request, exception, template)


def is_in_panel(request: HttpRequest) -> bool:
    """Does someone with a role in the panel ask for one of its pages?"""
    return request.path.startswith(reverse("adminpanel:overview")) and may(request.user, Right.FIND)


def too_many_attempts(request: HttpRequest) -> HttpResponse:
    """The page for allauth's limits. All that refuse a page are of one minute."""
    refusal = rates.TooManyRequests(rates.MINUTE_S, _("We limit attempts to keep accounts safe."))
    return mark_page(render(request, "429.html", {"refusal": refusal}), refusal)


def server_error(request: HttpRequest) -> HttpResponse:
    """A calm page, rendered without user or database. Django has already logged the trace.

    A database that is down or out of connections is a 503: nothing is wrong with the request, so
    trying again is right.
    """
    if isinstance(sys.exception(), (OperationalError, InterfaceError, Busy)):
        response = HttpResponse(render_to_string("503.html"), status=503)
        response.headers["Retry-After"] = "5"
        return response
    return HttpResponse(render_to_string("500.html"), status=500)
