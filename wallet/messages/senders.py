"""Senders: each takes one delivery to its provider, or raises NotSent. `SMS_SENDER` chooses."""

from __future__ import annotations

import json
import logging
import os
import smtplib
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from http import HTTPStatus

import httpx
from django.conf import settings
from django.core.mail import EmailMessage, mailers
from django.utils import timezone

from wallet.models import Channel, Delivery

logger = logging.getLogger(__name__)

# Processed, sent, queued: https://developers.africastalking.com/docs/sms/sending/bulk
ACCEPTED = (100, 101, 102)
# Insufficient balance, could not route: both end without our doing anything here.
FOR_NOW = (405, 407)


class NotSent(Exception):
    """The provider refused it. The argument says why, without the text."""


class NotTaken(NotSent):
    """The provider took nothing this time, and may take it later."""


def send(delivery: Delivery) -> None:
    """Hand it to its provider. Any exception means that it may or may not have been sent."""
    if delivery.channel == Channel.SMS:
        SMS_SENDERS[settings.SMS_SENDER](delivery)
    else:
        mail(delivery)
    try:
        write_to_outbox(delivery.channel, delivery.to, delivery.subject, delivery.text)
    except OSError:
        # It was sent all the same.
        logger.exception("the outbox file can't be written")


def console(delivery: Delivery) -> None:
    """Print the SMS: for machines without a provider."""
    sys.stdout.write(f"SMS to {delivery.to}: {delivery.text}\n")
    sys.stdout.flush()


def mail(delivery: Delivery) -> None:
    """By Django's mail backend. Raises NotSent, and NotTaken for what RFC 5321 calls transient."""
    backend = mailers.default
    try:
        backend.open()
    except (OSError, smtplib.SMTPException) as error:
        raise NotTaken(f"no connection, {type(error).__name__}") from error
    message = EmailMessage(delivery.subject, delivery.text, to=[delivery.to])
    try:
        backend.send_messages([message])
    except smtplib.SMTPRecipientsRefused as error:
        raise refusal_of(*(code for code, _words in error.recipients.values())) from error
    except smtplib.SMTPResponseException as error:
        raise refusal_of(error.smtp_code) from error
    finally:
        backend.close()


def refusal_of(*codes: int) -> NotSent:
    """What these answers of a mail server mean: 4yz is for now, 5yz for good."""
    is_for_now = all(400 <= code < 500 for code in codes)
    return (NotTaken if is_for_now else NotSent)(" ".join(map(str, codes)))


def africastalking(delivery: Delivery) -> None:
    """https://developers.africastalking.com/docs/sms/sending/bulk. Raises NotSent, NotTaken."""
    form = {
        "username": settings.AFRICASTALKING_USERNAME,
        "to": delivery.to,
        "message": delivery.text,
    }
    if settings.AFRICASTALKING_SENDER_ID:
        form["from"] = settings.AFRICASTALKING_SENDER_ID
    try:
        answer = client(settings.SMS_TIMEOUT_S).post(
            f"{settings.AFRICASTALKING_BASE_URL}/version1/messaging",
            data=form,
            headers={"apiKey": settings.AFRICASTALKING_API_KEY},
        )
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise NotTaken(f"no connection, {type(error).__name__}") from error
    if answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS):
        raise NotTaken(f"HTTP {answer.status_code}")
    if not answer.is_success:
        raise NotSent(f"HTTP {answer.status_code}")
    try:
        [recipient] = answer.json()["SMSMessageData"]["Recipients"]
        status, words = int(recipient["statusCode"]), str(recipient.get("status", ""))
    except (ValueError, KeyError, TypeError) as error:
        raise NotSent("an answer without a recipient") from error
    if status in FOR_NOW:
        raise NotTaken(f"{status} {words}")
    if status not in ACCEPTED:
        raise NotSent(f"{status} {words}")


@lru_cache(maxsize=2)
def client(timeout_s: float) -> httpx.Client:
    """This process's connections. No proxy or password from the environment or ~/.netrc."""
    return httpx.Client(timeout=timeout_s, trust_env=False, headers={"Accept": "application/json"})


SMS_SENDERS: Mapping[str, Callable[[Delivery], None]] = {
    "console": console,
    "africastalking": africastalking,
}


def write_to_outbox(channel: str, to: str, subject: str, text: str) -> None:
    """Append a JSON line to OUTBOX_FILE, where people who try the product find their codes."""
    if not settings.OUTBOX_FILE:
        return
    at = timezone.now().isoformat()
    line = {"at": at, "channel": channel, "to": to, "subject": subject, "text": text}
    # One write of a whole line, so that several workers' lines don't mix.
    file = os.open(settings.OUTBOX_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, (json.dumps(line, ensure_ascii=False) + "\n").encode())
    finally:
        os.close(file)
