"""JSON log lines, each with its request id."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse

request_id: ContextVar[str] = ContextVar("request_id", default="")

HEADER = "X-Request-ID"
ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Each alternative starts with a plain character, and the lookbehind comes after it. So the regex
# engine skips quickly to the next +, 2 or 0.
PHONE = re.compile(r"(\+254|2(?<!\w2)54|0(?<!\w0))([ -]?\d{3}[ -]?)\d{3}([ -]?\d{3})\b")
# URLs with a credential in them: those of callbacks, and of links that set a new password.
SECRET_PATH = re.compile(r"(/rails/|/password/reset/key/|/confirm-email/)[^/\s\"]+")

access = logging.getLogger("nissmart.access")

ENCODER = json.JSONEncoder(default=str)

# No log line uses these, and collecting them costs as much as writing the line.
logging.logThreads = logging.logProcesses = False
logging.logMultiprocessing = logging.logAsyncioTasks = False  # type: ignore[attr-defined]
logging._srcfile = None

# The attributes of every LogRecord. All others were passed as `extra`.
OWN = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "request", "taskName"}


class JsonLine(logging.Formatter):
    """One record, one line of JSON. Phone numbers and secrets are masked."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        # Django logs a refused request after the middleware, with the request in the record.
        request = getattr(record, "request", None)
        if current := request_id.get() or getattr(request, "request_id", ""):
            line["request_id"] = current
        line |= {name: value for name, value in vars(record).items() if name not in OWN}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        text = PHONE.sub(r"\1\2***\3", ENCODER.encode(line))
        return SECRET_PATH.sub(r"\1***", text)


class Calm(logging.Filter):
    """Makes a request that Django refuses, such as one for a foreign host, one warning line.

    Django logs it as an error with a trace, and strangers send many.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security"):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = record.exc_text = None
        return True


class IdentifiedRequest(HttpRequest):
    request_id: str


def request_ids(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Middleware: give each request an id, the caller's own if it's plain, and log the outcome."""

    def middleware(request: IdentifiedRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        name = given if ACCEPTED.fullmatch(given) else secrets.token_hex(16)
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
