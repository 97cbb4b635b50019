"""Encrypt what we have to read again, with a key made from SECRET_KEY.

A copy of the database then opens nothing. What SECRET_KEY_FALLBACKS sealed can still be read.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac


class Unreadable(Exception):
    """None of our keys sealed this."""


def seal(text: str) -> str:
    return cipher().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Raises Unreadable."""
    try:
        return cipher().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Unreadable from error


def is_current(sealed: str) -> bool:
    """Did today's SECRET_KEY seal it?"""
    try:
        keyed(settings.SECRET_KEY).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def cipher() -> MultiFernet:
    """Seals with the first key, and reads with each of them."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([keyed(key) for key in keys])


@lru_cache(maxsize=8)
def keyed(secret: str) -> Fernet:
    key = salted_hmac("wallet.sealing", "key", secret=secret, algorithm="sha256").digest()
    return Fernet(base64.urlsafe_b64encode(key))
