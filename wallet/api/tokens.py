"""API tokens: issue, find, revoke. Only a hash of each is stored."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from wallet.context import SYSTEM
from wallet.db import pipeline
from wallet.db.pipeline import Row, Statement
from wallet.db.preconditions import Precondition, Unmet
from wallet.db.retries import optional_write
from wallet.models import ApiToken
from wallet.staff import audit, subjects

PREFIX = "nsk_"
# "Last used" is for people, so it's updated at most this often, not on every call.
LAST_USED_STEP = timedelta(minutes=1)


# Raw SQL, because it runs on every call and the ORM takes longer to build it than to run it.
FIND = """
    SELECT token.id, token.user_id, token.scope,
           token.last_used_at IS NULL OR token.last_used_at < %s,
           token.expires_at, token.digest
    FROM wallet_apitoken token JOIN wallet_user owner ON owner.id = token.user_id
    WHERE token.digest = %s AND token.revoked_at IS NULL AND owner.is_active
      AND (token.expires_at IS NULL OR token.expires_at > %s)"""


TOUCH = "UPDATE wallet_apitoken SET last_used_at = %s WHERE id = %s"


class LiveToken(NamedTuple):
    id: int
    user_id: int
    scope: str


class TokenEnded(Unmet):
    """A token that was live a moment ago no longer is."""


# By digest: the live tokens that this process has found, and when.
recent: dict[str, tuple[LiveToken, datetime]] = {}
RECENT_AT_MOST = 2**16


@transaction.atomic
def issue(
    *, user_id: int, scope: str, name: str, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Make a token and return it with its secret, which isn't stored: show it once.

    Tokens that reach beyond their owner go into the audit. A command makes them, so the audit names
    the system as the actor.
    """
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user_id=user_id,
        scope=scope,
        name=name,
        digest=digest_of(secret),
        hint=secret[-4:],
        expires_at=expires_at,
    )
    if scope != ApiToken.Scope.MEMBER:
        audit.record(
            SYSTEM,
            audit.Action.ISSUE_TOKEN,
            subjects.member(user_id),
            scope=scope,
            token=str(token),
        )
    return token, secret


def revoke(token_id: int, *, user_id: int | None = None) -> bool:
    """End a token immediately. With `user_id`, only that person's. False if there's none."""
    tokens = ApiToken.objects.filter(pk=token_id, revoked_at__isnull=True)
    if user_id is not None:
        tokens = tokens.filter(user_id=user_id)
    return bool(tokens.update(revoked_at=timezone.now()))


def revoke_all(user_id: int) -> None:
    """End all tokens of this person."""
    live(user_id).update(revoked_at=timezone.now())


def live(user_id: int) -> QuerySet[ApiToken]:
    """This person's tokens that aren't revoked. Some may have expired."""
    return ApiToken.objects.filter(user_id=user_id, revoked_at__isnull=True)


def find(secret: str) -> LiveToken | None:
    """The live token with this secret: not revoked, not expired, its owner active."""
    now = timezone.now()
    digest = digest_of(secret)
    [rows] = pipeline.ask(find_statement(digest, now))
    if not matches(digest, rows):
        return None
    [row] = rows
    token = LiveToken(*row[:3])
    if row[3]:
        # A read must not wait for this.
        with optional_write():
            pipeline.ask(Statement(TOUCH, (now, token.id)))
    if len(recent) >= RECENT_AT_MOST:
        recent.clear()
    recent[digest] = token, now
    return token


def recall(secret: str) -> LiveToken | None:
    """The token with this secret, if this process found it live less than a minute ago.

    This doesn't ask the database, so the token may have ended since. Callers must also check
    `precondition`.
    """
    now = timezone.now()
    token, found_at = recent.get(digest_of(secret), (None, now))
    return token if found_at <= now < found_at + LAST_USED_STEP else None


def precondition(secret: str, token: LiveToken) -> Precondition:
    """Condition: the secret still belongs to this live token. Raises TokenEnded.

    It's checked in the caller's transaction. If the token ends between the check and the COMMIT,
    the order counts as the earlier of the two.
    """
    digest = digest_of(secret)

    def check(rows: list[Row]) -> None:
        is_same = matches(digest, rows) and LiveToken(*rows[0][:3]) == token
        # Check the expiry against the clock again: the order may have waited for its locks.
        if not is_same or has_expired(rows[0][4]):
            recent.pop(digest, None)
            raise TokenEnded

    return Precondition(find_statement(digest, timezone.now()), check)


def find_statement(digest: str, now: datetime) -> Statement:
    return Statement(FIND, (now - LAST_USED_STEP, digest, now))


def has_expired(expires_at: datetime | None) -> bool:
    """SQLite returns naive UTC datetimes."""
    if expires_at is None:
        return False
    if timezone.is_naive(expires_at):
        expires_at = expires_at.replace(tzinfo=UTC)
    return expires_at <= timezone.now()


def matches(digest: str, rows: list[Row]) -> bool:
    """Did the query find a live token with this digest?"""
    return bool(rows) and constant_time_compare(rows[0][-1], digest)


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
