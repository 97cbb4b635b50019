"""What this site shows to those who watch it, and how much it logs, for `nissmart.settings`."""

import os

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()

# Who may read /metrics: Authorization: Bearer and this. If it's empty, there is no such page.
# Not through `env`, which takes a value that begins with `$` for the name of a variable.
METRICS_TOKEN = os.environ.get("METRICS_TOKEN", "")
TOKEN_LENGTH = 16
if METRICS_TOKEN and len(METRICS_TOKEN) < TOKEN_LENGTH:
    raise ImproperlyConfigured("Set METRICS_TOKEN to at least 16 random characters.")

# Where the processes of this machine count together. prometheus-client reads it itself.
if COUNTED_IN := os.environ.get("PROMETHEUS_MULTIPROC_DIR", ""):
    try:
        os.makedirs(COUNTED_IN, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"PROMETHEUS_MULTIPROC_DIR can't be used: {error}") from error

# What takes longer is logged, and counted. 0 means nothing is.
SLOW_QUERY_MS = env.float("SLOW_QUERY_MS", 500)
SLOW_REQUEST_MS = env.float("SLOW_REQUEST_MS", 2_000)
# How many lines of one logger and level a process writes in a minute. 0 means no limit.
LOG_LINES_PER_MINUTE = env.int("LOG_LINES_PER_MINUTE", 12_000)

# Where errors, and the times of requests, are also sent. Empty: nowhere. See nissmart/telemetry.py.
SENTRY_DSN = env.str("SENTRY_DSN", "")
OTEL_EXPORTER_OTLP_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", "")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "calm": {"()": "wallet.web.logs.Calm"},
        "bounded": {"()": "wallet.web.logs.Bounded"},
    },
    "formatters": {"json": {"()": "wallet.web.logs.JsonLine"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "filters": ["calm", "bounded"],
        }
    },
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", "INFO")},
    # Django's own handlers would log everything twice.
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # A refusal isn't an error, and the access log has its status.
        "django.request": {"level": "ERROR"},
        # A line for each call; the rail records its calls.
        "httpx": {"level": "WARNING"},
        # It lists the letters of a PDF file, which are those of someone's name.
        "fontTools": {"level": "WARNING"},
    },
}
