"""Answers that need no thread: busy, and a body that comes too slowly.

Django makes each once, with the headers that all answers have. Then it's sent from memory, because
there may be thousands a second.
"""

from __future__ import annotations

import logging
import math
import secrets
from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from nissmart.api import problem
from wallet.errors import Busy
from wallet.web.requests import HEADER as REQUEST_ID

logger = logging.getLogger(__name__)

type Headers = list[tuple[str, str]]
TIMEOUT = 408
SLOW = "The body came too slowly. Nothing has moved. Send it again."
RETRY_AFTER_S_AT_MOST = 10


class RefusalHandler(WSGIHandler):
    """Django's handler around one answer, without a URL, a session or a database."""

    def __init__(self, status: int, *, is_api: bool) -> None:
        self.status, self.is_api = status, is_api
        super().__init__()

    def _get_response(self, request: HttpRequest) -> HttpResponse:
        response = self._answer()
        # It's only made here. The front counts those that it sends.
        response._has_been_logged = True  # type: ignore[attr-defined]
        return response

    def _answer(self) -> HttpResponse:
        is_slow = self.status == TIMEOUT
        if self.is_api and is_slow:
            return problem(self.status, "body_too_slow", SLOW)
        if self.is_api:
            return problem(self.status, Busy.code, Busy().for_programs)
        page = render_to_string("busy.html", {"is_slow": is_slow})
        return HttpResponse(page, status=self.status, headers={"Cache-Control": "no-store"})


@cache
def make_answer(status: int, *, is_api: bool) -> tuple[Headers, bytes]:
    """The headers and the body of such an answer, without a Retry-After and a request id."""
    # Django's handler reads MIDDLEWARE when it's made, and can't get a shorter list otherwise.
    whole, settings.MIDDLEWARE = settings.MIDDLEWARE, settings.REFUSAL_MIDDLEWARE
    try:
        handler = RefusalHandler(status, is_api=is_api)
    finally:
        settings.MIDDLEWARE = whole
    environ: dict[str, Any] = {"REQUEST_METHOD": "GET", "PATH_INFO": "/api/" if is_api else "/"}
    environ |= {"wsgi.input": BytesIO(), "wsgi.url_scheme": "https", "SERVER_NAME": "localhost"}
    environ |= {"SERVER_PORT": "443", "HTTP_X_FORWARDED_PROTO": "https"}
    sent: list[Headers] = []

    def start_response(_status: str, headers: Headers, _error: Any = None, /) -> Callable[..., Any]:
        sent.append(headers)
        return sent.append

    body = b"".join(handler(environ, start_response))
    [headers] = sent
    own = ("retry-after", REQUEST_ID.lower())
    return [pair for pair in headers if pair[0].lower() not in own], body


def make_all() -> None:
    """Make them now, so that the first one isn't late."""
    for status in (503, TIMEOUT):
        for is_api in (True, False):
            try:
                make_answer(status, is_api=is_api)
            except ValueError:
                # Without its static files, this site can't show any page.
                logger.exception("can't make the page for %s", status)


def busy(wait_s: float, *, is_api: bool) -> tuple[int, Headers, bytes]:
    """503, and when to come back."""
    headers, body = make_answer(503, is_api=is_api)
    retry_s = min(max(math.ceil(wait_s), Busy.wait_s), RETRY_AFTER_S_AT_MOST)
    more = [("Retry-After", str(retry_s)), (REQUEST_ID, secrets.token_hex(16))]
    return 503, headers + more, body


def too_slow(*, is_api: bool) -> tuple[int, Headers, bytes]:
    headers, body = make_answer(TIMEOUT, is_api=is_api)
    return TIMEOUT, [*headers, (REQUEST_ID, secrets.token_hex(16))], body
