"""The settings of the M-PESA rail, read and checked. `docs/configuration.md` lists them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from ledger.rails.mpesa.credentials import encrypt_password
from ledger.rails.rail import Setting

NEEDED = (
    "MPESA_BASE_URL",
    "MPESA_CONSUMER_KEY",
    "MPESA_CONSUMER_SECRET",
    "MPESA_SHORTCODE",
    "MPESA_PASSKEY",
    "MPESA_B2C_SHORTCODE",
    "MPESA_INITIATOR",
    "MPESA_INITIATOR_PASSWORD",
    "MPESA_CERTIFICATE",
    "MPESA_CALLBACK_BASE_URL",
    "MPESA_CALLBACK_SECRET",
)
OPTIONAL = (
    "MPESA_ALLOWED_SOURCES",
    "MPESA_TIMEOUT_S",
    "MPESA_QUERY_AFTER_S",
    "MPESA_PASSWORD_EXPIRES",
)
SECRETS = frozenset(
    {
        "MPESA_CONSUMER_KEY",
        "MPESA_CONSUMER_SECRET",
        "MPESA_PASSKEY",
        "MPESA_INITIATOR_PASSWORD",
        "MPESA_CALLBACK_SECRET",
    }
)

# Daraja: a callback URL that contains one of these, in any case, is refused.
REFUSED_WORDS = ("m-pesa", "mpesa", "safaricom", "exe", "cmd", "sql", "query")
LONGEST_TIMEOUT_S = 120

Reader = Callable[[str, dict[str, str]], str]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Configuration:
    """`security_credential` is the initiator's password, encrypted for Safaricom."""

    base_url: str
    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    shortcode: str
    passkey: str = field(repr=False)
    b2c_shortcode: str
    initiator: str
    security_credential: str = field(repr=False)
    callback_base_url: str
    callback_secret: str = field(repr=False)
    allowed_sources: tuple[Network, ...]
    timeout_s: float
    query_after_s: tuple[int, ...]
    password_expires_on: date | None

    def callback_url(self, kind: str, reference: str = "") -> str:
        """Where a callback of this kind goes. The reference finds the payment of a callback whose
        other ids we never learned, because the answer that named them was lost."""
        url = f"{self.callback_base_url}/rails/{self.callback_secret}/{kind}/"
        return f"{url}?reference={reference}" if reference else url


def current() -> Configuration:
    """The settings as they are now. Raises ImproperlyConfigured with what is wrong."""
    return checked(*map(value_of, (*NEEDED, *OPTIONAL)))


def value_of(name: str) -> str:
    return str(getattr(settings, name, "")).strip()


def overview() -> list[Setting]:
    """The settings for operators, without the value of any secret."""
    return [
        Setting(name, bool(value), name in SECRETS, "" if name in SECRETS else value)
        for name in (*NEEDED, *OPTIONAL)
        for value in [value_of(name)]
    ]


@lru_cache(maxsize=4)
def checked(*values: str) -> Configuration:
    said = dict(zip((*NEEDED, *OPTIONAL), values, strict=True))
    if missing := [name for name in NEEDED if not said[name]]:
        raise ImproperlyConfigured(f"RAIL=mpesa also needs: {', '.join(missing)}.")
    return Configuration(
        base_url=url("MPESA_BASE_URL", said),
        consumer_key=said["MPESA_CONSUMER_KEY"],
        consumer_secret=said["MPESA_CONSUMER_SECRET"],
        shortcode=shortcode("MPESA_SHORTCODE", said),
        passkey=said["MPESA_PASSKEY"],
        b2c_shortcode=shortcode("MPESA_B2C_SHORTCODE", said),
        initiator=said["MPESA_INITIATOR"],
        security_credential=security_credential(said),
        callback_base_url=without_refused_words("MPESA_CALLBACK_BASE_URL", url, said),
        callback_secret=without_refused_words("MPESA_CALLBACK_SECRET", secret, said),
        allowed_sources=networks("MPESA_ALLOWED_SOURCES", said),
        timeout_s=seconds("MPESA_TIMEOUT_S", said),
        query_after_s=intervals("MPESA_QUERY_AFTER_S", said),
        password_expires_on=day("MPESA_PASSWORD_EXPIRES", said),
    )


def password_expires_on() -> date | None:
    """Also while other settings are missing. None of a date that can't be read: `checked` refuses
    it."""
    name = "MPESA_PASSWORD_EXPIRES"
    try:
        return day(name, {name: value_of(name)})
    except ImproperlyConfigured:
        return None


def url(name: str, said: dict[str, str]) -> str:
    """Encrypted, except on this machine."""
    text = said[name].rstrip("/")
    try:
        parts = urlsplit(text)
        is_address = bool(parts.hostname) and parts.port != 0 and not parts.query + parts.fragment
    except ValueError:
        is_address = False
    if not is_address or parts.scheme not in ("http", "https") or not text.isascii():
        raise ImproperlyConfigured(f"{name} isn't a URL like https://example.com.")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ImproperlyConfigured(f"{name} must start with https://.")
    return text


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def shortcode(name: str, said: dict[str, str]) -> str:
    if not re.fullmatch(r"[0-9]{5,7}", said[name]):
        raise ImproperlyConfigured(f"{name} isn't a shortcode of five to seven digits.")
    return said[name]


def security_credential(said: dict[str, str]) -> str:
    path = said["MPESA_CERTIFICATE"]
    try:
        with open(path, "rb") as file:
            return encrypt_password(said["MPESA_INITIATOR_PASSWORD"], file.read())
    except OSError as error:
        reason = error.strerror or "it can't be read"
        raise ImproperlyConfigured(f"MPESA_CERTIFICATE={path}: {reason}.") from None
    except ValueError:
        raise ImproperlyConfigured(
            f"MPESA_CERTIFICATE={path} isn't a PEM certificate with an RSA key that can encrypt "
            "MPESA_INITIATOR_PASSWORD."
        ) from None


def secret(name: str, said: dict[str, str]) -> str:
    """The sentence doesn't repeat it."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,100}", said[name]):
        raise ImproperlyConfigured(f"{name} must be 16 to 100 letters, digits, - and _.")
    return said[name]


def without_refused_words(name: str, read: Reader, said: dict[str, str]) -> str:
    text = read(name, said)
    for word in REFUSED_WORDS:
        if word in text.lower():
            raise ImproperlyConfigured(
                f'{name} contains "{word}", and Safaricom refuses callback URLs with that word. '
                "Choose another one."
            )
    return text


def networks(name: str, said: dict[str, str]) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(one) for one in words(said[name]))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}.") from None


def seconds(name: str, said: dict[str, str]) -> float:
    try:
        value = float(said[name])
    except ValueError:
        value = 0
    if not 0 < value <= LONGEST_TIMEOUT_S:
        raise ImproperlyConfigured(f"{name} must be above 0 and at most {LONGEST_TIMEOUT_S}.")
    return value


def intervals(name: str, said: dict[str, str]) -> tuple[int, ...]:
    listed = words(said[name])
    values = tuple(int(one) for one in listed if re.fullmatch(r"[0-9]{1,6}", one))
    if not values or len(values) < len(listed) or list(values) != sorted(set(values)):
        raise ImproperlyConfigured(f"{name} must be whole seconds that grow, like 30,60,120.")
    return values


def day(name: str, said: dict[str, str]) -> date | None:
    try:
        return date.fromisoformat(said[name]) if said[name] else None
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a date like 2027-02-26.") from None


def words(text: str) -> Sequence[str]:
    return [word for word in (one.strip() for one in text.split(",")) if word]
