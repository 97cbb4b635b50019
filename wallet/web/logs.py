"""JSON log lines. Each says which request or job it belongs to, who acts, and about which payment.

python-json-logger makes the lines. Here is what it can't know: our facts, what must not be in a
line, and how many lines there may be.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from wallet import log_facts, metrics

# Each alternative starts with a plain character, and the lookbehind comes after it. So the regex
# engine skips quickly to the next +, 2 or 0.
PHONE = re.compile(r"(\+254|2(?<!\w2)54|0(?<!\w0))([ -]?\d{3}[ -]?)\d{3}([ -]?\d{3})\b")
# URLs with a credential in them: those of callbacks, and of links that set a new password.
SECRET_PATH = re.compile(r"(/rails/|/password/reset/key/|/confirm-email/)[^/\s\"]+")

# No log line uses these, and collecting them costs as much as writing the line.
logging.logThreads = logging.logProcesses = False
logging.logMultiprocessing = logging.logAsyncioTasks = False  # type: ignore[attr-defined]
logging._srcfile = None

ENCODER = json.JSONEncoder(default=str)


class JsonLine(JsonFormatter):
    """One record, one line of JSON. Phone numbers and secrets are masked."""

    def __init__(self) -> None:
        super().__init__(
            ["levelname", "name", "message"],
            rename_fields={"levelname": "level", "name": "logger", "exc_info": "trace"},
            reserved_attrs=[*RESERVED_ATTRS, "request"],
        )

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        at = datetime.fromtimestamp(record.created, UTC)
        log_data["at"] = at.isoformat(timespec="milliseconds")
        super().add_fields(log_data, record, message_dict)
        facts = dict(log_facts.known())
        # Django logs a refused request after the middleware, with the request in the record.
        request = facts.pop("request", None) or getattr(record, "request", None)
        if request is not None:
            facts = facts_of(request) | facts
        log_data |= {name: value for name, value in facts.items() if name not in log_data}

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        text = PHONE.sub(r"\1\2***\3", ENCODER.encode(log_data))
        return SECRET_PATH.sub(r"\1***", text)


def facts_of(request: Any) -> dict[str, object]:
    """What is known about a request so far. Asks the database for nothing."""
    facts: dict[str, object] = {}
    if name := getattr(request, "request_id", ""):
        facts["request_id"] = name
    if match := getattr(request, "resolver_match", None):
        facts["route"] = match.view_name
        if reference := match.kwargs.get("reference"):
            facts["reference"] = reference
    # Django and ninja put them here once they have looked.
    caller, user = getattr(request, "auth", None), getattr(request, "_cached_user", None)
    if actor := getattr(caller, "user_id", None) or getattr(user, "pk", None):
        facts["actor"] = actor
    return facts


class Calm(logging.Filter):
    """Makes a request that Django refuses, such as one for a foreign host, one warning line.

    Django logs it as an error with a trace, and strangers send many.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security"):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = record.exc_text = None
        return True


class Bounded(logging.Filter):
    """Lets LOG_LINES_PER_MINUTE lines of each logger and level pass, so no flood fills the disk.

    Each level is counted alone, so many access lines never hide an error. The first line of the
    next minute says how many were left out.
    """

    def __init__(self) -> None:
        super().__init__()
        self._guard = threading.Lock()
        self._minute = 0
        self._written: dict[tuple[str, str], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        most: int = settings.LOG_LINES_PER_MINUTE
        minute, key = int(record.created // 60), (record.name, record.levelname)
        with self._guard:
            if minute != self._minute:
                left_out = {each: n - most for each, n in self._written.items() if n > most > 0}
                self._minute, self._written = minute, {}
                if left_out:
                    record.left_out = {" ".join(each): n for each, n in left_out.items()}
            written = self._written[key] = self._written.get(key, 0) + 1
        if not most or written <= most:
            return True
        metrics.LOG_LINES_LEFT_OUT.labels(record.levelname).inc()
        return False
