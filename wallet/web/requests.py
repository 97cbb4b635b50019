"""Give each request an id. Count it, time it, and log its outcome."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from wallet import log_facts, metrics

HEADER = "X-Request-ID"
ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

access = logging.getLogger("nissmart.access")
slow = logging.getLogger("nissmart.slow")


class IdentifiedRequest(HttpRequest):
    request_id: str


def request_ids(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Middleware: give each request an id, the caller's own if it's plain, and log the outcome."""

    def middleware(request: IdentifiedRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        request.request_id = given if ACCEPTED.fullmatch(given) else secrets.token_hex(16)
        began = time.perf_counter()
        metrics.REQUESTS_IN_PROGRESS.inc()
        try:
            with log_facts.Noting(request=request):
                response = get_response(request)
                note_outcome(request, response.status_code, time.perf_counter() - began)
        finally:
            metrics.REQUESTS_IN_PROGRESS.dec()
        response.headers[HEADER] = request.request_id
        return response

    return middleware


def note_outcome(request: HttpRequest, status: int, took_s: float) -> None:
    """Count and log a request that was answered."""
    match = request.resolver_match
    # What has no URL pattern: a page that isn't there, or a static file.
    route = match.view_name if match else "none"
    method = request.method if request.method in METHODS else "other"
    metrics.request_seconds(route, method, status).observe(took_s)
    if status >= 400:
        metrics.REFUSED_REQUESTS.labels(str(status)).inc()
    facts = {"status": status, "ms": round(took_s * 1000, 1)}
    if access.isEnabledFor(logging.INFO):
        access.info("%s %s", request.method, request.path, extra=facts)
    if 0 < settings.SLOW_REQUEST_MS <= facts["ms"]:
        metrics.SLOW_REQUESTS.inc()
        slow.warning("slow request", extra=facts)
