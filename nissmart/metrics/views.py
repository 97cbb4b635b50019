"""The page that Prometheus reads."""

from __future__ import annotations

import glob
import os
import re
import secrets
from contextlib import suppress

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from nissmart.metrics.snapshot import SNAPSHOT

PLAIN = "text/plain; charset=utf-8"


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Everything we measure, for a scraper with the token. Without a token there is no page."""
    if not settings.METRICS_TOKEN:
        raise Http404
    wanted = f"Bearer {settings.METRICS_TOKEN}".encode()
    given = request.headers.get("Authorization", "").encode()
    if not secrets.compare_digest(given, wanted):
        response = HttpResponse("Send the METRICS_TOKEN.\n", status=401, content_type=PLAIN)
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    response = HttpResponse(counted() + read(), content_type=CONTENT_TYPE_LATEST)
    response.headers["Cache-Control"] = "no-store"
    return response


def counted() -> bytes:
    """What the processes have counted: all of them, if they share a folder."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not folder:
        return generate_latest(REGISTRY)
    for process_id in dead(folder):
        mark_process_dead(process_id, folder)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return generate_latest(registry)


def dead(folder: str) -> set[int]:
    """Processes that have ended and left gauges, such as of requests in progress."""
    names = glob.glob(os.path.join(folder, "gauge_live*.db"))
    ids = {int(found[1]) for name in names if (found := re.search(r"_(\d+)\.db$", name))}
    return {process_id for process_id in ids if not is_alive(process_id)}


def is_alive(process_id: int) -> bool:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(process_id, 0)
        return True
    return os.path.exists(f"/proc/{process_id}")


def read() -> bytes:
    """What the database says."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(SNAPSHOT)
    return generate_latest(registry)
