"""The settings of incidents, and of alerts to the team, for `nissmart.settings`."""

import os
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()

# How many hours after it was opened an incident should be resolved, by severity.
INCIDENT_DUE_HOURS_HIGH = env.int("INCIDENT_DUE_HOURS_HIGH", 4)
INCIDENT_DUE_HOURS_MEDIUM = env.int("INCIDENT_DUE_HOURS_MEDIUM", 24)
INCIDENT_DUE_HOURS_LOW = env.int("INCIDENT_DUE_HOURS_LOW", 72)

# Who is alerted (`adminpanel/alerts/`). With neither emails nor a webhook, alerts are off.
ALERT_EMAILS = env.list("ALERT_EMAILS", default=[])
ALERT_WEBHOOK_URL = env.str("ALERT_WEBHOOK_URL", "")
# Not through `env`, which takes a value that begins with `$` for the name of a variable.
ALERT_WEBHOOK_SECRET = os.environ.get("ALERT_WEBHOOK_SECRET", "")
SECRET_LENGTH = 16
if ALERT_WEBHOOK_URL and len(ALERT_WEBHOOK_SECRET) < SECRET_LENGTH:
    raise ImproperlyConfigured(
        "Set ALERT_WEBHOOK_SECRET, of at least 16 characters: the webhook checks our signature."
    )
webhook = urlsplit(ALERT_WEBHOOK_URL)
is_local = webhook.scheme == "http" and webhook.hostname == "localhost"
if ALERT_WEBHOOK_URL and not (is_local or (webhook.scheme == "https" and webhook.hostname)):
    raise ImproperlyConfigured("ALERT_WEBHOOK_URL must begin with https://.")
# How long a payout may be unknown, and an approval may wait. Below this float we alert.
ALERT_UNKNOWN_AFTER_S = env.int("ALERT_UNKNOWN_AFTER_S", 15 * 60)
ALERT_APPROVAL_AFTER_S = env.int("ALERT_APPROVAL_AFTER_S", 60 * 60)
ALERT_FLOAT_BELOW_CENTS = env.int("ALERT_FLOAT_BELOW_CENTS", 0)
