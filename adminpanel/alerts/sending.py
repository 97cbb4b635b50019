"""Send an alert by mail, or post it to a webhook with a signature."""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
import time

import httpx
from django.conf import settings
from django.core.mail import EmailMessage, mailers

from adminpanel.models import Alert

TIMEOUT_S = 10


class NotSent(Exception):
    """It may not have arrived."""


def mail(alert: Alert) -> None:
    message = EmailMessage(f"Nissmart: {alert.text}", body_of(alert), to=settings.ALERT_EMAILS)
    try:
        mailers.default.send_messages([message])
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(type(error).__name__) from error


def body_of(alert: Alert) -> str:
    return f"{alert.text}\n\n{alert.Kind(alert.kind).label}, {alert.raised_at.isoformat()}\n"


def post(alert: Alert) -> None:
    """POST the alert as JSON.

    The receiver checks `Nissmart-Signature`: the HMAC-SHA256 of the timestamp, a full stop and the
    body, with the secret that we share. It ignores old timestamps, and ids that it has had.
    """
    body = json.dumps(
        {
            "id": alert.pk,
            "kind": alert.kind,
            "subject": alert.subject,
            "text": alert.text,
            "raised_at": alert.raised_at.isoformat(),
        }
    ).encode()
    at = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "Nissmart-Timestamp": at,
        "Nissmart-Signature": f"sha256={signature(at, body)}",
    }
    try:
        answer = httpx.post(
            settings.ALERT_WEBHOOK_URL, content=body, headers=headers, timeout=TIMEOUT_S
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotSent(type(error).__name__) from error
    if not answer.is_success:
        raise NotSent(f"status {answer.status_code}")


def signature(at: str, body: bytes) -> str:
    secret = settings.ALERT_WEBHOOK_SECRET.encode()
    return hmac.new(secret, at.encode() + b"." + body, hashlib.sha256).hexdigest()
