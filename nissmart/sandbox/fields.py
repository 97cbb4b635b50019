"""Checks of request fields. Each raises the documented rejection."""

from __future__ import annotations

import re
from collections.abc import Container
from urllib.parse import urlsplit

from nissmart.sandbox.answers import invalid
from nissmart.sandbox.gateway import Body
from nissmart.sandbox.wire import PHONE, shillings, text

# Special characters in these texts make Daraja fail.
PLAIN = re.compile(r"[A-Za-z0-9 ._-]*")
SHORTCODE = re.compile(r"[0-9]{5,7}")
# A callback URL with one of these words is refused.
FORBIDDEN = ("m-pesa", "mpesa", "safaricom", "exe", "cmd", "sql", "query")


def required(body: Body, field: str) -> str:
    if not (value := text(body.get(field))):
        raise invalid(field)
    return value


def one_of(body: Body, field: str, allowed: Container[str]) -> str:
    if (value := required(body, field)) not in allowed:
        raise invalid(field)
    return value


def shortcode(body: Body, field: str) -> str:
    if not SHORTCODE.fullmatch(value := required(body, field)):
        raise invalid(field)
    return value


def amount(body: Body, field: str = "Amount") -> int:
    if (value := shillings(body.get(field))) is None:
        raise invalid(field)
    return value


def phone(body: Body, field: str) -> str:
    if not PHONE.fullmatch(value := required(body, field)):
        raise invalid(field)
    return value


def plain(body: Body, field: str, *, least: int = 1, most: int) -> str:
    """A text of plain characters. `least=0` makes it optional."""
    value = text(body.get(field))
    if not least <= len(value) <= most or not PLAIN.fullmatch(value):
        raise invalid(field)
    return value


def url(body: Body, field: str) -> str:
    value = required(body, field)
    try:
        parts = urlsplit(value)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_web = False
    if not is_web or any(word in value.lower() for word in FORBIDDEN):
        raise invalid(field)
    return value


def digits(body: Body, field: str, least: int, most: int) -> str:
    value = required(body, field)
    if not (value.isascii() and value.isdigit() and least <= len(value) <= most):
        raise invalid(field)
    return value
