"""The settings of SMS, of mail, and of the codes that both carry, for `nissmart.settings`."""

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
mail_backend = env.str("MAIL_BACKEND", "wallet.signin.mail.Terminal")
is_smtp = mail_backend == "django.core.mail.backends.smtp.EmailBackend"
# Without a timeout, a server that doesn't answer stops all mail.
mail_options = ({"timeout": 10} if is_smtp else {}) | env.json("MAIL_OPTIONS", {})
MAILERS = {"default": {"BACKEND": mail_backend, "OPTIONS": mail_options}}
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Nissmart <hello@nissmart.example>")

# How many codes go out in an hour to one contact, for one account, and from one IP address. A code
# costs money, and thieves ask for many. 0 means no limit.
CODES_PER_HOUR = {
    "contact": env.int("CODES_PER_HOUR_CONTACT", 5),
    "account": env.int("CODES_PER_HOUR_ACCOUNT", 10),
    "address": env.int("CODES_PER_HOUR_ADDRESS", 60),
}

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
