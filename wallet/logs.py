"""Logs as JSON lines, each with the id of the request it belongs to."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse

request_id: ContextVar[str] = ContextVar("request_id", default="")

HEADER = "X-Request-ID"
ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")
PHONE = re.compile(r"((?:\+|\b)254|\b0)([ -]?\d{3}[ -]?)\d{3}([ -]?\d{3})\b")

access = logging.getLogger("nissmart.access")

# What a LogRecord has of itself; everything else was given as `extra`.
OWN = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "request", "taskName"}


class JsonLine(logging.Formatter):
    """One record, one line of JSON. Phone numbers are masked."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        # Django's own line on a refused request comes after the middleware, and brings the request.
        request = getattr(record, "request", None)
        if current := request_id.get() or getattr(request, "request_id", ""):
            line["request_id"] = current
        line |= {name: value for name, value in vars(record).items() if name not in OWN}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return PHONE.sub(r"\1\2***\3", json.dumps(line, default=str))


class NamedRequest(HttpRequest):
    request_id: str


def named_requests(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Give each request an id, the caller's own if it has a plain one; say how it went."""

    def middleware(request: NamedRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        name = given if ACCEPTED.fullmatch(given) else uuid4().hex
        request.request_id = name
        began = time.perf_counter()
        token = request_id.set(name)
        try:
            response = get_response(request)
            if access.isEnabledFor(logging.INFO):
                access.info(
                    "%s %s",
                    request.method,
                    request.path,
                    extra={
                        "status": response.status_code,
                        "ms": round((time.perf_counter() - began) * 1000, 1),
                    },
                )
        finally:
            request_id.reset(token)
        response.headers[HEADER] = name
        return response

    return middleware
