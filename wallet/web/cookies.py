"""The names of our cookies. With HTTPS a prefix binds them to this host, or at least to HTTPS."""

from __future__ import annotations

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage
from django.http import HttpRequest


def name_of(name: str, *, is_for_one_page: bool = False) -> str:
    """A cookie with `__Host-` has to be for all pages (RFC 6265bis, 4.1.3)."""
    if not settings.HTTPS:
        return name
    return f"__Secure-{name}" if is_for_one_page else f"__Host-{name}"


def hides_balance(request: HttpRequest) -> bool:
    """Has this browser's owner hidden the balance?"""
    return request.COOKIES.get(name_of("balance")) == "hidden"


class MessagesCookie(CookieStorage):
    cookie_name = name_of("messages")


class Messages(FallbackStorage):
    """What a page says after a redirect: in a cookie, and in the session what is too long."""

    storage_classes = (MessagesCookie, SessionStorage)
