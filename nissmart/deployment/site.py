"""The settings of the site: what is dangerous, missing or made up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core import checks
from django.http.request import validate_host
from django.utils import timezone

from nissmart.demo.members import MEMBERS, STAFF
from nissmart.deployment.check import Check, Found, fail, warn
from wallet.models import User
from wallet.staff import roles

SHORTEST_SECRET, FEWEST_LETTERS = 50, 5
NEW_SECRET = "Set it to the output of: python -c 'import secrets; print(secrets.token_urlsafe(64))'"

# What the checks here say in their own words: the key, DEBUG, the hosts, and all of HTTPS.
OURS = {f"security.W{number:03}" for number in (4, 8, 9, 12, 16, 18, 20)}


def secret_key() -> Iterator[Found]:
    for name in ("SECRET_KEY", "SECRET_KEY_FALLBACKS"):
        value = getattr(settings, name)
        for secret in [value] if isinstance(value, str) else value:
            if len(secret) < SHORTEST_SECRET or len(set(secret)) < FEWEST_LETTERS:
                yield fail(f"{name} is short or simple, so sessions can be forged.", NEW_SECRET)


def debug() -> Iterator[Found]:
    if settings.DEBUG:
        yield fail("DEBUG is on: error pages show settings and data.", "Remove DEBUG.")


def hosts() -> Iterator[Found]:
    if not settings.ALLOWED_HOSTS:
        yield fail("ALLOWED_HOSTS is empty, so each page is an error.", "Name the site's host.")
    if "*" in settings.ALLOWED_HOSTS:
        yield fail(
            "ALLOWED_HOSTS has *, so a stranger can choose the host in our links.",
            "Name the site's hosts.",
        )


def knows_of_https() -> bool:
    """Does a proxy in front say which requests came by HTTPS?"""
    return bool(settings.SECURE_PROXY_SSL_HEADER)


def https() -> Iterator[Found]:
    if not settings.HTTPS:
        yield fail("HTTPS is off: passwords and cookies go in clear.", "Remove HTTPS=0.")
        return
    if not knows_of_https():
        yield fail(
            "The site doesn't know which requests came by HTTPS, so it redirects them forever.",
            "Put a proxy in front that sets X-Forwarded-Proto, and set BEHIND_TLS_PROXY=1.",
        )
    if not settings.SECURE_SSL_REDIRECT:
        yield warn(
            "SECURE_SSL_REDIRECT is off, so only the proxy keeps people off plain HTTP.",
            "Remove it unless the proxy redirects.",
        )


def client_address() -> Iterator[Found]:
    if settings.CLIENT_IP_HEADER:
        return
    todo = "Have the proxy set Clientip, as deploy/nginx does, and CLIENT_IP_HEADER=Clientip."
    if settings.ALLAUTH_TRUSTED_PROXY_COUNT:
        yield warn(
            "Addresses come from X-Forwarded-For, which X_Forwarded_For replaces if the proxy"
            " lets underscores through.",
            todo,
        )
    elif knows_of_https():
        yield fail(
            "Behind a proxy all members seem to have its IP address, and share its limits.", todo
        )


def addresses() -> Iterator[Found]:
    url = urlsplit(settings.SITE_URL)
    if url.scheme != "https" or not validate_host(url.hostname or "", settings.ALLOWED_HOSTS):
        yield fail(
            f"SITE_URL is {settings.SITE_URL}, which isn't this site over HTTPS.",
            "Set it to https:// and one of ALLOWED_HOSTS.",
        )
    sender = settings.DEFAULT_FROM_EMAIL.rstrip("> ")
    if not sender or sender.endswith((".example", "@example.com")):
        todo = "Set the address that your mail comes from."
        yield fail("DEFAULT_FROM_EMAIL is empty or made up.", todo)
    if not settings.OPERATOR_NAME:
        yield fail("The public pages don't say whose site this is.", "Set OPERATOR_NAME.")


def contacts() -> Iterator[Found]:
    if not settings.SUPPORT_CONTACT:
        yield fail("No page offers help.", "Set SUPPORT_CONTACT.")
    if not settings.SECURITY_CONTACT:
        yield warn("Researchers don't know where to report a weakness.", "Set SECURITY_CONTACT.")
    if not settings.MONEY_IS_AT:
        yield warn("The public pages don't say where members' money lies.", "Set MONEY_IS_AT.")
    if not settings.ALERT_EMAILS and not settings.ALERT_WEBHOOK_URL:
        yield warn(
            "The team gets no alert when a check of the books fails.",
            "Set ALERT_EMAILS or ALERT_WEBHOOK_URL.",
        )


def codes() -> Iterator[Found]:
    if settings.OUTBOX_FILE:
        yield fail(
            f"OUTBOX_FILE collects codes that open accounts in {settings.OUTBOX_FILE}.",
            "Remove the setting, and delete the file.",
        )


def demo() -> Iterator[Found]:
    emails = [one.email for one in (*MEMBERS, *STAFF) if one.email]
    if User.objects.filter(email__in=emails).exists():
        yield fail(
            "The database has the demo's people, whose password everyone can read.",
            "Begin with an empty database.",
        )


def people() -> Iterator[Found]:
    operators = User.objects.filter(is_active=True, is_superuser=True, is_staff=True).count()
    if operators < 2:
        yield warn(
            f"Operators: {operators}. Giving roles over money takes two.",
            "Run manage.py createsuperuser for each.",
        )
    for role, name in ((roles.FINANCE, "finance makers"), (roles.APPROVER, "approvers")):
        if not User.objects.filter(is_active=True, groups__name=role).exists():
            yield warn(
                f"There are no {name}, so payments that wait for one stay there.",
                "Give people that role in Django admin.",
            )


def django() -> Iterator[Found]:
    # Any command runs the others.
    tags = [checks.Tags.security, checks.Tags.mail]
    for found in checks.run_checks(tags=tags, include_deployment_checks=True):
        if found.id in OURS:
            continue
        level = fail if found.level >= checks.ERROR else warn
        words = " ".join(found.msg.split())
        yield level(f"Django says {found.id}: {words}", found.hint or "Read Django's page on it.")


def static_files() -> Iterator[Found]:
    if not os.path.exists(os.path.join(settings.STATIC_ROOT, "staticfiles.json")):
        yield fail("The style sheets aren't collected.", "Run manage.py collectstatic --no-input.")


def time_zone() -> Iterator[Found]:
    offset = timezone.now().astimezone(ZoneInfo(settings.TIME_ZONE)).utcoffset()
    if offset is None or offset.total_seconds() != 3 * 60 * 60:
        yield fail(
            f"This machine thinks that Nairobi is {offset} from UTC.",
            "Update its time zones (on Debian: apt install tzdata).",
        )


CHECKS = (
    Check("secret key", "SECRET_KEY is long and random.", secret_key),
    Check("debug", "DEBUG is off.", debug),
    Check("hosts", "The site answers only to its own names.", hosts),
    Check("https", "Only HTTPS is served, behind a proxy that says so.", https),
    Check("client address", "Limits count the address of each client itself.", client_address),
    Check("addresses", "Links and mail have the site's own addresses.", addresses),
    Check("contacts", "Members, researchers and the team hear of each other.", contacts),
    Check("codes", "Codes aren't collected in a file.", codes),
    Check("django", "Django's own check --deploy finds nothing.", django),
    Check("static files", "Style sheets and scripts are collected.", static_files),
    Check("time zone", "Nairobi's days are known.", time_zone),
)
PEOPLE_CHECKS = (
    Check("demo", "The database has no demo.", demo),
    Check("people", "There are two operators, and people for finance.", people),
)
