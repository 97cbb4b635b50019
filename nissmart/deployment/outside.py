"""What the site talks to: its own proxy, the mail server, the SMS provider and the rail."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.core.mail import EmailMessage, mailers

from ledger import rails
from nissmart.deployment.check import Check, Found, fail, warn
from wallet.days import nairobi_day

TIMEOUT_S = 10.0
REAL_MAIL = "django.core.mail.backends.smtp.EmailBackend"
WARN_BEFORE = timedelta(days=14)
PROXY = "Compare your proxy with deploy/nginx."


def proxy() -> Iterator[Found]:
    """Ask the site as a stranger would."""
    url = settings.SITE_URL
    with client_of_this_machine() as client:
        try:
            answer = client.get(f"{url}/healthz")
        except httpx.HTTPError as error:
            todo = "Open it in a browser; if it answers there, this machine just can't reach it."
            yield fail(f"{url} doesn't answer: {error}.", todo)
            return
        if answer.status_code != httpx.codes.OK or "alive" not in answer.text:
            yield fail(f"{url}/healthz answers {answer.status_code}, not `alive`.", PROXY)
            return
        if "Strict-Transport-Security" not in answer.headers:
            yield fail(f"{url} doesn't say that it's only HTTPS.", "Remove HTTPS=0.")
        # `nissmart.incoming` refuses a line that was spelled so.
        refused = client.get(f"{url}/healthz", headers={"Content_Type": "text/plain"})
        if refused.status_code == httpx.codes.BAD_REQUEST:
            yield fail(
                "The proxy lets names of headers with an underscore through, so X_Forwarded_Proto"
                " replaces X-Forwarded-Proto.",
                PROXY,
            )
        if client.get(f"{url}/metrics").status_code == httpx.codes.OK:
            yield fail(f"Everyone can read {url}/metrics.", PROXY)
        yield from plain_http(client, url)


def plain_http(client: httpx.Client, url: str) -> Iterator[Found]:
    if not url.startswith("https://") or urlsplit(url).port:
        return
    plain = url.replace("https://", "http://", 1)
    try:
        answer = client.get(f"{plain}/accounts/login/")
    except httpx.HTTPError:
        return
    if not answer.headers.get("Location", "").startswith("https://"):
        yield fail(f"{plain} isn't redirected to HTTPS.", PROXY)


def mail() -> Iterator[Found]:
    backend = settings.MAILERS["default"]["BACKEND"]
    if backend != REAL_MAIL:
        yield fail(
            f"MAIL_BACKEND is {backend}, which sends no mail to anyone.",
            f"Set MAIL_BACKEND={REAL_MAIL} and MAIL_OPTIONS.",
        )
        return
    host = settings.MAILERS["default"]["OPTIONS"].get("host", "localhost")
    if not host:
        yield fail("MAIL_OPTIONS names no mail server.", "Set its host.")
        return
    connection = mailers["default"]
    try:
        connection.open()
        connection.close()
    except (OSError, ValueError) as error:
        yield fail(f"The mail server {host} refuses us: {error}.", "Correct MAIL_OPTIONS.")


def send_mail(address: str) -> Check:
    def find() -> Iterator[Found]:
        words = "This is the mail that check_deployment was to send. Nothing is wrong."
        sent = EmailMessage("Nissmart can send mail", words, to=[address]).send()
        if not sent:
            yield fail("The mail server took no mail.", "Read its log.")

    return Check("sent mail", f"A mail is on its way to {address}.", find)


def sms() -> Iterator[Found]:
    if settings.SMS_SENDER == "console":
        yield fail(
            "SMS_SENDER is console: codes are printed, and no phone gets one.",
            "Set SMS_SENDER=africastalking and its settings.",
        )
        return
    if "sandbox" in settings.AFRICASTALKING_BASE_URL:
        todo = "Set AFRICASTALKING_BASE_URL to https://api.africastalking.com."
        yield fail("SMS go to the provider's sandbox, not to phones.", todo)
    if not settings.AFRICASTALKING_SENDER_ID:
        yield warn("SMS come from a shared number.", "Register AFRICASTALKING_SENDER_ID.")
    yield from reach(settings.AFRICASTALKING_BASE_URL, "The SMS provider")


def rail() -> Iterator[Found]:
    current = rails.current()
    current.check()
    if current.is_simulated:
        yield warn(
            f"Payments use the rail {current.code}: no money is real.",
            "docs/payouts.md says how to go live.",
        )
    given = {one.name: one.value for one in current.settings()}
    if base_url := given.get("MPESA_BASE_URL", ""):
        if "sandbox" in base_url:
            yield warn(f"{base_url} is for trying out.", "docs/payouts.md says how to go live.")
        if not given.get("MPESA_ALLOWED_SOURCES"):
            todo = "Set MPESA_ALLOWED_SOURCES to Safaricom's addresses."
            yield warn("Messages of the rail may come from any IP address.", todo)
        yield from reach(base_url, "The rail")
    expires = current.password_expires_on()
    if expires and expires - nairobi_day() < WARN_BEFORE:
        level = fail if expires <= nairobi_day() else warn
        yield level(f"The rail's password ends on {expires}.", "Change it: docs/payouts.md.")


def client_of_this_machine() -> httpx.Client:
    """It trusts the certificates that this machine trusts, and goes through no proxy."""
    return httpx.Client(timeout=TIMEOUT_S, trust_env=False, verify=ssl.create_default_context())


def reach(url: str, who: str) -> Iterator[Found]:
    """Connect, with TLS, and ask for nothing: any answer will do."""
    try:
        with client_of_this_machine() as client:
            client.get(url)
    except (httpx.HTTPError, socket.gaierror) as error:
        yield fail(f"{who} at {url} can't be reached: {error}.", "Let this machine connect to it.")


CHECKS = (
    Check("proxy", "The site answers over HTTPS, behind a proxy that cleans headers.", proxy),
    Check("mail", "The mail server takes us.", mail),
    Check("sms", "The SMS provider can be reached.", sms),
    Check("rail", "The rail can be reached.", rail),
)
