"""API tokens: issued once, kept as a hash, revoked."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.crypto import constant_time_compare

from wallet.models import ApiToken

PREFIX = "nsk_"
# "Last used" is for people, so it is written at most once in this time, not on every call.
LAST_USED_STEP = timedelta(minutes=1)


def issue(
    *, user_id: int, scope: str, name: str, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Make a token. The secret is in the answer and nowhere else: show it once."""
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user_id=user_id,
        scope=scope,
        name=name,
        digest=digest_of(secret),
        hint=secret[-4:],
        expires_at=expires_at,
    )
    return token, secret


def revoke(token_id: int, *, user_id: int | None = None) -> bool:
    """End a token at once; with `user_id`, only one of that person's. False if there is none."""
    tokens = ApiToken.objects.filter(pk=token_id, revoked_at__isnull=True)
    if user_id is not None:
        tokens = tokens.filter(user_id=user_id)
    return bool(tokens.update(revoked_at=timezone.now()))


def find(secret: str) -> ApiToken | None:
    """The live token that this secret opens."""
    digest = digest_of(secret)
    token = ApiToken.objects.live().filter(digest=digest).first()
    if token is None or not constant_time_compare(token.digest, digest):
        return None
    note_use(token)
    return token


def note_use(token: ApiToken) -> None:
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > LAST_USED_STEP:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
