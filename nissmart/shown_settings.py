"""The settings of this process for operators, by the names of docs/configuration.md.

Only what is named here is shown. A secret is only said to be set. The settings of rails have a page
of their rails.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Shown(NamedTuple):
    """A setting. `value` is empty for a secret, and for one that is left to its default."""

    name: str
    is_secret: bool
    is_set: bool
    value: str


SECRETS = frozenset(
    {
        *("SECRET_KEY", "SECRET_KEY_FALLBACKS", "DATABASE_URL", "DATABASE_OWNER_URL"),
        *("MAIL_OPTIONS", "REPLICA_URL"),
        *("AFRICASTALKING_USERNAME", "AFRICASTALKING_API_KEY", "ALERT_WEBHOOK_SECRET"),
        *("METRICS_TOKEN", "SENTRY_DSN"),
    }
)
GROUPS: tuple[tuple[str | Promise, tuple[str, ...]], ...] = (
    (
        _("Site"),
        (
            *("SECRET_KEY", "SECRET_KEY_FALLBACKS", "DEBUG", "ALLOWED_HOSTS"),
            *("CSRF_TRUSTED_ORIGINS", "CORS_ALLOWED_ORIGINS", "HTTPS", "SECURE_SSL_REDIRECT"),
            *("BEHIND_TLS_PROXY", "TRUSTED_PROXY_COUNT", "CLIENT_IP_HEADER", "SUPPORT_CONTACT"),
            *("SECURITY_CONTACT", "SITE_URL", "OPERATOR_NAME", "MONEY_IS_AT"),
            *("WEB_THREADS", "WEB_WORKERS", "QUEUE_TIMEOUT_S", "BODY_TIMEOUT_S"),
        ),
    ),
    (
        _("Database"),
        (
            *("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_POOLER"),
            *("LOCK_TIMEOUT_S", "STATEMENT_TIMEOUT_S"),
            *("REPLICA_URL", "REPLICA_LAG_S", "ORDER_TIMEOUT_S", "MIGRATE_LOCK_TIMEOUT_S"),
            *("CHECKS_EVERY_S", "RETENTION_YEARS", "DELIVERY_DAYS"),
            *("EXPORT_ROWS_DIRECT", "EXPORT_DAYS"),
            *("INCIDENT_DUE_HOURS_HIGH", "INCIDENT_DUE_HOURS_MEDIUM", "INCIDENT_DUE_HOURS_LOW"),
        ),
    ),
    (
        _("Limits of money"),
        (
            *("LIMIT_CENTS_PER_TRANSACTION", "LIMIT_CENTS_OUT_PER_DAY", "LIMIT_CENTS_BALANCE"),
            *("LOWER_LIMIT_HOURS", "LOWER_LIMIT_CENTS_OUT_PER_DAY", "LEAST_TRANSFER_CENTS"),
            *("STEP_UP_ABOVE_CENTS", "APPROVE_ONE_ABOVE_CENTS", "APPROVE_TWO_ABOVE_CENTS"),
            *("APPROVE_ONE_ABOVE_CENTS_A_DAY", "CONFIRM_ABOVE_CENTS", "APPROVE_AFTER_HOURS"),
            "SEAL_EVERY_S",
            "RECONCILE_AFTER_HOURS",
            *("ROLE_AFTER_HOURS", "RAIL", "PAYOUT_THREADS", "PAYOUT_LEASE_S"),
        ),
    ),
    (
        _("Limits of requests"),
        (
            *("PAYEE_LOOKUPS_PER_HOUR", "PAYEE_LOOKUPS_PER_DAY", "CONTACT_LOOKUPS_PER_HOUR"),
            *("REPORTS_PER_DAY", "GUESSES_PER_ADDRESS", "CODES_PER_HOUR_CONTACT"),
            *("CODES_PER_HOUR_ACCOUNT", "CODES_PER_HOUR_ADDRESS", "API_CALLS_PER_MINUTE_MEMBER"),
            *("API_CALLS_PER_MINUTE_FINANCE", "API_CALLS_PER_MINUTE_SERVICE"),
            *("API_CALLS_PER_MINUTE_ADDRESS", "CODES_CHECKED_PER_HOUR", "PDF_FILES_PER_HOUR"),
            "STATEMENT_BYTES_AT_MOST",
        ),
    ),
    (
        _("Sign-in"),
        (
            *("SESSION_IDLE_MINUTES_MEMBER", "SESSION_IDLE_MINUTES_MEMBER_KEPT"),
            *("SESSION_IDLE_MINUTES_STAFF", "SESSION_HOURS_MEMBER", "SESSION_HOURS_MEMBER_KEPT"),
            *("SESSION_HOURS_STAFF", "NEW_DEVICE_HOURS", "PASSWORD_LINK_HOURS"),
        ),
    ),
    (
        _("SMS and mail"),
        (
            *("SMS_SENDER", "SMS_TIMEOUT_S", "AFRICASTALKING_USERNAME", "AFRICASTALKING_API_KEY"),
            *("AFRICASTALKING_SENDER_ID", "AFRICASTALKING_BASE_URL", "MAIL_BACKEND"),
            *("MAIL_OPTIONS", "DEFAULT_FROM_EMAIL", "OUTBOX_FILE"),
        ),
    ),
    (
        _("Metrics and logs"),
        (
            *("METRICS_TOKEN", "PROMETHEUS_MULTIPROC_DIR", "LOG_LEVEL", "LOG_LINES_PER_MINUTE"),
            *("SLOW_QUERY_MS", "SLOW_REQUEST_MS", "SENTRY_DSN", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ),
    ),
    (
        _("Alerts to the team"),
        (
            *("ALERT_EMAILS", "ALERT_WEBHOOK_URL", "ALERT_WEBHOOK_SECRET"),
            *("ALERT_UNKNOWN_AFTER_S", "ALERT_APPROVAL_AFTER_S", "ALERT_FLOAT_BELOW_CENTS"),
        ),
    ),
)
# Settings that are parts of a dict, like SESSION_HOURS["STAFF"].
DICTS = ("API_CALLS_PER_MINUTE", "CODES_PER_HOUR", "SESSION_HOURS", "SESSION_IDLE_MINUTES")


def groups() -> list[tuple[str | Promise, list[Shown]]]:
    """All settings that are shown, under their headings."""
    return [(title, [shown(name) for name in names]) for title, names in GROUPS]


def shown(name: str) -> Shown:
    value = value_of(name)
    if name in SECRETS:
        return Shown(name, True, bool(value), "")
    words = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return Shown(name, False, words != "", words)


def value_of(name: str) -> Any:
    """What is in force: a setting, a part of one, or what the environment says."""
    if hasattr(settings, name):
        return getattr(settings, name)
    for prefix in DICTS:
        if name.startswith(f"{prefix}_"):
            parts: Mapping[str, Any] = getattr(settings, prefix)
            return {key.upper(): value for key, value in parts.items()}[name[len(prefix) + 1 :]]
    mailer: Mapping[str, Any] = settings.MAILERS["default"]
    logs: Any = settings.LOGGING
    match name:
        case "BEHIND_TLS_PROXY":
            return bool(settings.SECURE_PROXY_SSL_HEADER)
        case "TRUSTED_PROXY_COUNT":
            return settings.ALLAUTH_TRUSTED_PROXY_COUNT
        case "PASSWORD_LINK_HOURS":
            return settings.PASSWORD_RESET_TIMEOUT // 3600
        case "LOG_LEVEL":
            return logs["root"]["level"]
        case "MAIL_BACKEND":
            return mailer["BACKEND"]
        case "MAIL_OPTIONS":
            return mailer.get("OPTIONS", {})
    return os.environ.get(name, "")
