"""Sentry and OpenTelemetry, for sites that set them. Nothing personal leaves the site.

Their packages are in requirements-telemetry.txt, and imported only if they are set.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse

from wallet import log_facts
from wallet.web.logs import facts_of

MISSING = (
    "{setting} is set, and the package {package} isn't installed."
    " Run: pip install --require-hashes -r requirements-telemetry.txt"
)
# Of an event, what Sentry gets. Its other parts may hold what people typed.
SENT = (
    *("event_id", "timestamp", "platform", "level", "logger", "sdk", "exception"),
    *("release", "environment"),
)
FACTS = ("route", "request_id", "actor", "job")


def start() -> None:
    """Raises ImproperlyConfigured when a package is missing."""
    if settings.SENTRY_DSN:
        start_sentry()
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        start_spans()


def package(name: str, setting: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        missing = MISSING.format(setting=setting, package=name.partition(".")[0])
        raise ImproperlyConfigured(missing) from error


def start_sentry() -> None:
    """Send what is logged as an error, and nothing else."""
    sentry = package("sentry_sdk", "SENTRY_DSN")
    logs = package("sentry_sdk.integrations.logging", "SENTRY_DSN")
    sentry.init(
        dsn=settings.SENTRY_DSN,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[logs.LoggingIntegration(level=None, sentry_logs_level=None)],
        send_default_pii=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=scrub,
    )


def scrub(event: dict[str, Any], hint: dict[str, Any]) -> dict[str, Any]:
    """The event with only what names no one: the kind of error, where, and whose request."""
    kept = {name: event[name] for name in SENT if name in event}
    kept["message"] = (event.get("logentry") or {}).get("message", "")
    for error in (kept.get("exception") or {}).get("values", ()):
        # An error may quote what it was about.
        error["value"] = ""
    facts = dict(log_facts.known())
    request = facts.pop("request", None) or getattr(hint.get("log_record"), "request", None)
    if request is not None:
        facts = facts_of(request) | facts
    kept["tags"] = {name: str(facts[name]) for name in FACTS if name in facts}
    return kept


def start_spans() -> None:
    """Send the time of each request to the collector. Its libraries read the OTEL_ variables."""
    setting = "OTEL_EXPORTER_OTLP_ENDPOINT"
    sdk = package("opentelemetry.sdk.trace", setting)
    export = package("opentelemetry.sdk.trace.export", setting)
    otlp = package("opentelemetry.exporter.otlp.proto.http.trace_exporter", setting)
    resources = package("opentelemetry.sdk.resources", setting)
    provider = sdk.TracerProvider(resource=resources.Resource.create({"service.name": "nissmart"}))
    provider.add_span_processor(export.BatchSpanProcessor(otlp.OTLPSpanExporter()))
    package("opentelemetry.trace", setting).set_tracer_provider(provider)


def spans(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Middleware: one span for each request. It has no path, header, body or address."""
    trace = package("opentelemetry.trace", "OTEL_EXPORTER_OTLP_ENDPOINT")
    tracer = trace.get_tracer("nissmart")

    def middleware(request: HttpRequest) -> HttpResponse:
        kind = trace.SpanKind.SERVER
        with tracer.start_as_current_span("request", kind=kind, record_exception=False) as span:
            response = get_response(request)
            facts = facts_of(request)
            route = str(facts.get("route", "none"))
            span.update_name(f"{request.method} {route}")
            span.set_attribute("http.route", route)
            span.set_attribute("http.request.method", str(request.method))
            span.set_attribute("http.response.status_code", response.status_code)
            span.set_attribute("nissmart.request_id", str(facts.get("request_id", "")))
        return response

    return middleware
