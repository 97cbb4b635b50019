"""One access token of a rail, shared by all processes through the database, encrypted.

No transaction is open while a token is fetched: the process that fetches holds a short lease,
and the others go on with the token there is, or wait.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from ledger.rails.models import RailToken
from wallet.db.retries import committed

# A token is replaced this long before it expires.
EARLY = timedelta(seconds=60)
LOOK_EVERY_S = 0.05


class Token(NamedTuple):
    value: str
    expires_at: datetime


class NoToken(Exception):
    """There is no token to be had, so nothing was sent."""


Fetch = Callable[[], Token]


class TokenStore:
    """The token of one rail. `owner` is what the token belongs to, such as server and user: with
    another owner, or another SECRET_KEY, the stored token can't be read and a new one is fetched.

    A process reads the row again when its token expires soon, or is refused: another process may
    have brought a new one.
    """

    def __init__(self, rail: str, owner: str, *, patience_s: float) -> None:
        self.rail = rail
        self.patience_s = patience_s
        seed = hmac.digest(settings.SECRET_KEY.encode(), f"{rail} {owner}".encode(), hashlib.sha256)
        self.cipher = Fernet(base64.urlsafe_b64encode(seed))
        self.known: Token | None = None

    def get(self, fetch: Fetch, *, refused: str = "") -> str:
        """The token to use now; fetched when there is none, or soon will be none.

        `refused` is a token that the rail has just refused: it is not given again. Raises
        NoToken when another process holds the lease and brings none either, and whatever
        `fetch` raises.
        """
        known = self.known
        if not known or known.value == refused or known.expires_at - EARLY <= timezone.now():
            self.known = known = self.find(fetch, refused)
        return known.value

    def find(self, fetch: Fetch, refused: str) -> Token:
        deadline = time.monotonic() + self.patience_s
        while True:
            row = self.read()
            value = self.unseal(row)
            now = timezone.now()
            is_good = value and value != refused
            token = Token(value, row.expires_at) if is_good and row.expires_at else None
            if token and token.expires_at - EARLY > now:
                return token
            is_free = row.lease_until is None or row.lease_until <= now
            if is_free and claim(self.rail, row.version, now, timedelta(seconds=self.patience_s)):
                return self.renew(fetch, row.version)
            if token and token.expires_at > now:
                return token
            if time.monotonic() > deadline:
                raise NoToken("another process is fetching a token")
            time.sleep(LOOK_EVERY_S)

    def read(self) -> RailToken:
        row = RailToken.objects.filter(pk=self.rail).first()
        return row or RailToken.objects.get_or_create(pk=self.rail)[0]

    def renew(self, fetch: Fetch, version: int) -> Token:
        """Fetch under the lease. When it has run out meanwhile, the other process's token stays;
        if the rail knows only this one, it refuses that one and a third is fetched."""
        try:
            token = fetch()
        except BaseException:
            release(self.rail, version)
            raise
        sealed = self.cipher.encrypt(token.value.encode()).decode()
        is_stored = store(self.rail, version, sealed, token.expires_at)
        # Otherwise for this one request.
        return token if is_stored else token._replace(expires_at=timezone.now())

    def unseal(self, row: RailToken) -> str:
        try:
            return self.cipher.decrypt(row.sealed.encode()).decode()
        except InvalidToken:
            return ""


@committed
def claim(rail: str, version: int, now: datetime, lasts: timedelta) -> bool:
    """Take the lease, if the token is the one we looked at and the lease is free."""
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    rows = RailToken.objects.filter(free, pk=rail, version=version)
    return rows.update(lease_until=now + lasts) == 1


@committed
def store(rail: str, version: int, sealed: str, expires_at: datetime) -> bool:
    rows = RailToken.objects.filter(pk=rail, version=version)
    columns = {"sealed": sealed, "expires_at": expires_at, "version": F("version") + 1}
    return rows.update(lease_until=None, **columns) == 1


@committed
def release(rail: str, version: int) -> None:
    RailToken.objects.filter(pk=rail, version=version).update(lease_until=None)
