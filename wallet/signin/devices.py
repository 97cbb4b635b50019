"""Devices: the browsers that someone has signed in with.

A completed sign-in leaves a cookie with a random token, and a `Device` with the token's digest. A
sign-in from a browser without it is one from a new device: the member hears of it, and the device
stays new for NEW_DEVICE_HOURS or until `trust` is called. The first device of an account isn't new.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Protocol

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wallet.db.sweeping import Sweep
from wallet.models import Device, User
from wallet.web.http import ip_address

YEAR_S = 365 * 24 * 60 * 60
SALT = "wallet.device"
# The first that the User-Agent header contains wins: most browsers also name older ones.
BROWSERS = (
    *(("Opera Mini", "Opera Mini"), ("OPR/", "Opera"), ("Edg", "Edge")),
    *(("SamsungBrowser/", "Samsung Internet"), ("UCBrowser/", "UC Browser")),
    *(("FxiOS/", "Firefox"), ("Firefox/", "Firefox"), ("CriOS/", "Chrome")),
    *(("Chrome/", "Chrome"), ("Safari/", "Safari")),
)
SYSTEMS = (
    *(("KAIOS", "KaiOS"), ("KaiOS", "KaiOS"), ("Android", "Android"), ("iPhone", "iPhone")),
    *(("iPad", "iPad"), ("Windows", "Windows"), ("CrOS", "ChromeOS"), ("Mac OS X", "Mac")),
    ("Linux", "Linux"),
)


class SignedIn(Protocol):
    """A request behind sign-in."""

    user: User


def known_devices(user: User) -> QuerySet[Device]:
    """The browsers that have signed in to this account, last used first."""
    return user.devices.all()


def of(request: HttpRequest, user: User) -> Device | None:
    """The device that sends this request, if it has signed in to this account before."""
    token = token_of(request)
    return user.devices.filter(digest=digest_of(token)).first() if token else None


def is_new(request: HttpRequest) -> bool:
    """Is the signed-in person on a device that they haven't used for long enough to trust it?"""
    assert isinstance(request.user, User)
    device = of(request, request.user)
    return device is None or device.is_new


def trust(request: HttpRequest) -> None:
    """The person has proved on this device that it's theirs, by a second factor."""
    assert isinstance(request.user, User)
    device = of(request, request.user)
    if device and device.is_new:
        device.known_from = timezone.now()
        device.save(update_fields=["known_from"])


def recognise(request: HttpRequest, user: User) -> tuple[Device, str, bool]:
    """The device of a completed sign-in, its token, and whether it's new to this account."""
    token = token_of(request) or secrets.token_urlsafe(32)
    now = timezone.now()
    latest = {"last_used_at": now, "ip_address": ip_address(request), "name": name_of(request)}
    # In the order of the index. Without one, PostgreSQL reads the whole table for a person with no
    # device, when nearly all rows are someone else's.
    is_first = user.devices.order_by("digest").values("pk").first() is None
    known_from = now if is_first else now + timedelta(hours=settings.NEW_DEVICE_HOURS)
    device, is_unknown = Device.objects.update_or_create(
        user=user,
        digest=digest_of(token),
        defaults=latest,
        create_defaults=latest | {"first_used_at": now, "known_from": known_from},
    )
    return device, token, is_unknown


def remember(response: HttpResponseBase, token: str) -> None:
    """Leave the cookie by which `of` finds the device."""
    response.set_signed_cookie(
        settings.DEVICE_COOKIE_NAME,
        token,
        salt=SALT,
        max_age=YEAR_S,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def unused() -> QuerySet[Device]:
    """Those whose cookie no longer works. None has a session: sessions last for 90 days."""
    return Device.objects.filter(last_used_at__lt=timezone.now() - timedelta(seconds=YEAR_S))


SWEEP = Sweep(
    "devices",
    unused,
    by="last_used_at",
    kept=gettext_lazy("A year after the last sign-in with it"),
    reason=gettext_lazy("The cookie that finds it works for a year."),
    written_by=gettext_lazy("Members: a row for each sign-in from a new browser"),
)


def token_of(request: HttpRequest) -> str | None:
    name = settings.DEVICE_COOKIE_NAME
    return request.get_signed_cookie(name, None, salt=SALT, max_age=YEAR_S)


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def name_of(request: HttpRequest) -> str:
    """What people call it, such as "Chrome on Android". The browser says so: it's no proof."""
    agent = request.headers.get("User-Agent", "")[:1000]
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    if browser and system:
        return _("{browser} on {system}").format(browser=browser, system=system)
    return browser or system or _("Unknown browser")
