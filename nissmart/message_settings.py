"""The settings of SMS, for `nissmart.settings`. Mail has its own there."""

import os

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()

# Who sends SMS (`wallet/messages/senders.py`): the terminal, or Africa's Talking.
SMS_SENDER = env.str("SMS_SENDER", "console")
SMS_TIMEOUT_S = env.float("SMS_TIMEOUT_S", 10)
AFRICASTALKING_BASE_URL = env.str(
    "AFRICASTALKING_BASE_URL", "https://api.africastalking.com"
).rstrip("/")
# Not through `env`, which takes a value that begins with `$` for the name of a variable.
AFRICASTALKING_USERNAME = os.environ.get("AFRICASTALKING_USERNAME", "")
AFRICASTALKING_API_KEY = os.environ.get("AFRICASTALKING_API_KEY", "")
AFRICASTALKING_SENDER_ID = os.environ.get("AFRICASTALKING_SENDER_ID", "")
# Every SMS and mail is also appended to this file. It holds codes, so it's only for trying out.
OUTBOX_FILE = env.str("OUTBOX_FILE", "")

# How many days we keep which SMS and mail went where. A member's inbox keeps the messages.
DELIVERY_DAYS = env.int("DELIVERY_DAYS", 90)

if DELIVERY_DAYS < 1:
    raise ImproperlyConfigured("DELIVERY_DAYS is less than 1: deliveries would go before they end.")
if SMS_SENDER not in ("console", "africastalking"):
    raise ImproperlyConfigured(f"SMS_SENDER is {SMS_SENDER!r}: set console or africastalking.")
if SMS_SENDER == "africastalking" and not (AFRICASTALKING_USERNAME and AFRICASTALKING_API_KEY):
    raise ImproperlyConfigured(
        "Set AFRICASTALKING_USERNAME and AFRICASTALKING_API_KEY, or SMS_SENDER=console."
    )
