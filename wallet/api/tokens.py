"""API tokens: issued once, kept as a hash, revoked."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import transaction
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
# "Last used" is for people, so it is written at most once in this time, not on every call.
LAST_USED_STEP = timedelta(minutes=1)


# Run on every call, so written out: building it through the ORM costs more than running it.
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


# By digest: the tokens that this process has found live, and when.
met: dict[str, tuple[LiveToken, datetime]] = {}
MET_AT_MOST = 2**16


@transaction.atomic
def issue(
    *, user_id: int, scope: str, name: str, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Make a token. The secret is in the answer and nowhere else: show it once.

    One that reaches further than its owner goes into the audit. Those are made by command, which
    knows nobody who gave it.
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
    """End a token at once; with `user_id`, only one of that person's. False if there is none."""
    tokens = ApiToken.objects.filter(pk=token_id, revoked_at__isnull=True)
    if user_id is not None:
        tokens = tokens.filter(user_id=user_id)
    return bool(tokens.update(revoked_at=timezone.now()))


def revoke_all(user_id: int) -> None:
    """End every token of this person."""
    live = ApiToken.objects.filter(user_id=user_id, revoked_at__isnull=True)
    live.update(revoked_at=timezone.now())


def find(secret: str) -> LiveToken | None:
    """The live token that this secret opens: not revoked, not expired, its owner active."""
    now = timezone.now()
    digest = digest_of(secret)
    [rows] = pipeline.ask(question(digest, now))
    if not is_of(digest, rows):
        return None
    [row] = rows
    token = LiveToken(*row[:3])
    if row[3]:
        # It may be left undone, so it never keeps a read waiting.
        with optional_write():
            pipeline.ask(Statement(TOUCH, (now, token.id)))
    if len(met) >= MET_AT_MOST:
        met.clear()
    met[digest] = token, now
    return token


def recall(secret: str) -> LiveToken | None:
    """The token that this secret opened less than a minute ago in this process, if it did.

    The database isn't asked, so the token may have ended since: what relies on it needs
    `precondition`.
    """
    now = timezone.now()
    token, found_at = met.get(digest_of(secret), (None, now))
    return token if found_at <= now < found_at + LAST_USED_STEP else None


def precondition(secret: str, token: LiveToken) -> Precondition:
    """That the secret still opens this token. Checked in the caller's transaction; raises TokenEnded.

    A token that ends between the answer and the commit ends at the same time as that: the order
    counts as the earlier one.
    """
    digest = digest_of(secret)

    def check(rows: list[Row]) -> None:
        # By the clock of now: the order may have waited for its accounts.
        if not is_of(digest, rows) or LiveToken(*rows[0][:3]) != token or has_expired(rows[0][4]):
            met.pop(digest, None)
            raise TokenEnded

    return Precondition(question(digest, timezone.now()), check)


def question(digest: str, now: datetime) -> Statement:
    """FIND, asked of this digest."""
    return Statement(FIND, (now - LAST_USED_STEP, digest, now))


def has_expired(expires_at: datetime | None) -> bool:
    """`expires_at` is as the engine gives it: SQLite's moments are in UTC and do not say so."""
    if expires_at is None:
        return False
    if timezone.is_naive(expires_at):
        expires_at = expires_at.replace(tzinfo=UTC)
    return expires_at <= timezone.now()


def is_of(digest: str, rows: list[Row]) -> bool:
    """Did the database answer with the token of this digest, and a live one?"""
    return bool(rows) and constant_time_compare(rows[0][-1], digest)


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
