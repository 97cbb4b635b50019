"""Record in the audit that staff pages were refused, and that rate limits were reached."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest, HttpResponse

from wallet.context import Context
from wallet.db.retries import optional_write
from wallet.networks import network_of
from wallet.staff import access, subjects
from wallet.staff.access import Action
from wallet.web.http import Request, View, ip_address

# The URL namespaces of staff pages.
STAFF = {"admin", "adminpanel"}
REFUSALS_PER_HOUR = 10
VARIABLE = re.compile(r"<[^>]*>")


def note_limits(get_response: View) -> View:
    """Middleware: record a 429 of any page.

    Not those of the API: an order writes nothing but the order. `wallet/api/callers.py` has its
    limits.
    """

    def middleware(request: Request) -> HttpResponse:
        response = get_response(request)
        match = request.resolver_match
        if response.status_code == 429 and match and not match.namespace.startswith("api"):
            note_limit(request)
        return response

    return middleware


def note_refused_page(request: HttpRequest) -> None:
    """Record that a page was refused, if it's one of staff's and someone is signed in."""
    acts, match = context(request), request.resolver_match
    if acts.actor_id is None or match is None or match.namespace not in STAFF:
        return
    with optional_write():
        access.record(
            acts,
            Action.REFUSE_PAGE,
            subjects.member(acts.actor_id),
            key=acts.actor_id,
            most=REFUSALS_PER_HOUR,
            page=page_of(request),
        )


def note_limit(request: HttpRequest, user_id: int | None = None, **facts: Any) -> None:
    """Record that a limit was reached, once an hour for each person (or network) and page.

    `user_id` is whom the limit is about, if that isn't the signed-in person. Once for a request.
    """
    if getattr(request, "limit_is_noted", False):
        return
    request.limit_is_noted = True  # type: ignore[attr-defined]
    acts = context(request)
    about = user_id or acts.actor_id
    page = page_of(request)
    # The answer is more important than its event, so don't wait for a lock.
    with optional_write():
        access.record(
            acts,
            Action.HIT_LIMIT,
            subjects.member(about) if about else subjects.SITE,
            key=f"{about or network_of(acts.ip_address)}:{page}",
            page=page,
            **facts,
        )


def context(request: HttpRequest) -> Context:
    """Who acts: the signed-in person or no one, and from where."""
    user = getattr(request, "user", None)
    return Context(user.pk if user else None, ip_address(request))


def page_of(request: HttpRequest) -> str:
    """The page's address without what the request filled in: `/panel/members/…/`."""
    match = request.resolver_match
    if match is None:
        return ""
    route = str(match.route)
    return match.view_name if "^" in route else "/" + VARIABLE.sub("…", route)
